// Written by «make docs» from contesta/board/view.py, contesta/auditing/view.py, contesta/learning/view.py,
// contesta/web/desk_models.py and contesta/web/listening_models.py.

export interface AdviserRow {
  id: string;
  name: string;
  state: string;
  word: string;
  since: string;
  reason: string;
  queues: string[];
  answered: Figure;
  unanswered: Figure;
  tmo: Figure;
}

export interface Agenda {
  callbacks: AgendaLine[];
  unfinished: Unfinished[];
  reasons: string[];
  queues: QueueOfDesk[];
}

export interface AgendaLine {
  id: string;
  number: string;
  telephone: string;
  source: string;
  subject: string;
  when: When;
  promised_at: string;
  due_at: string;
  attempt: number;
  attempts: number;
  owner: string;
  mine: boolean;
  claimed: boolean;
  refused: string;
}

export type AgentState = "available" | "ringing" | "talking" | "paused" | "signed_out";

export interface Alert {
  id: string;
  level: Level;
  figure: string;
  queue: string;
  text: string;
  to_do: string;
  calls: string;
  since: string;
}

export interface AnswerChoice {
  value: number;
  word: string;
}

export interface AnswerKept {
  unanswered: number;
}

export interface AnswerSaid {
  survey: string;
  question: string;
  answer: number | string;
}

export interface Balance {
  text: string;
  parts: Part[];
  balances: boolean;
}

export interface Before {
  channel: string;
  call: string;
  queue: string;
  phase: Phase;
  since: string;
  until: string | null;
}

export interface Board {
  sequence: number;
  at: string;
  line: string;
  title: string;
  mode: Mode;
  source: string;
  connected: boolean;
  connected_at: string | null;
  opening: Opening;
  opening_word: string;
  cards: Figure[];
  queues: QueueRow[];
  advisers_by_state: StateCount[];
  identity: Balance;
  notices: string[];
  alerts: Alert[];
  trouble: string;
  advisers: AdviserRow[];
  waiting: Caller[];
}

export interface CallbackBehind {
  id: string;
  number: string;
  source: Source;
  source_word: string;
  name: string;
  company: string;
  subject: string;
  description: string;
  attempt: number;
  attempts: number;
  recordings: string[];
}

export interface Caller {
  call: string;
  queue: string;
  number: string;
  since: string;
}

export type Category = "business_critical" | "end_user_critical" | "non_critical";

export interface CategoryOf {
  category: Category;
  title: string;
  threshold: string;
  items: ItemOf[];
}

export interface ChoiceTold {
  path: string;
  title: string;
  group: string;
  resolution: Resolution;
}

export interface ContactTold {
  channel: string;
  call: string;
  line: string;
  queue: string;
  number: string;
  claimed: boolean;
  language: string;
  path: string;
  calls: EarlierCall[];
  callbacks: EarlierCallback[];
  callback: CallbackBehind | null;
  surveys: SurveyTold[];
  choices: ChoiceTold[];
  most_used: string[];
  draft: DraftSaid;
  words: WordTold[];
  hours: string[];
  left_out: string[];
}

export interface DayChart {
  day: DayLine;
  before: DayLine;
}

export interface DayLine {
  day: string;
  title: string;
  quarters: Quarter[];
}

export interface Delivered {
  next: string;
}

export interface Desk {
  number: number;
  revision: number;
  title: string;
  why: string;
  place: string;
  matrix: string;
  reason: string;
  note: string;
  facts: FactOf[];
  events: EventOf[];
  categories: CategoryOf[];
  recording: string | null;
  lanes: string | null;
  evidence: string | null;
  live: LiveOf | null;
  silent_because: string;
  next: string;
  wanted: DeskWanted;
}

export type DeskAction =
  | "play"
  | "back_1"
  | "forward_1"
  | "back_15"
  | "forward_15"
  | "back_5"
  | "forward_5"
  | "slower"
  | "faster"
  | "loop_begin"
  | "loop_end"
  | "again"
  | "next_moment"
  | "up"
  | "down"
  | "complies"
  | "fails"
  | "not_applicable"
  | "mark_time"
  | "evidence"
  | "deliver"
  | "undo"
  | "help";

export interface DeskNow {
  agent: string;
  state: AgentState | null;
  since: string | null;
  reason: string;
  queues: string[];
  connected: boolean;
  contact: Before | null;
}

export interface DeskWanted {
  keys: KeyOf[];
  evidence_last: boolean;
}

export interface Done {
  said: string;
}

export interface DraftSaid {
  disposition: string;
  note: string;
  solution: string;
  answers: AnswerSaid[] | null;
}

export interface EarlierCall {
  at: string;
  line: string;
  outcome: string;
  adviser: string;
  disposition: string;
  call: string | null;
}

export interface EarlierCallback {
  number: string;
  asked_at: string;
  source: string;
  subject: string;
  outcome: string;
}

export interface End {
  reason: string;
  again: boolean;
}

export interface EventOf {
  hour: string;
  seconds: number | null;
  actor: string;
  fact: string;
}

export interface Evidence {
  speech: Speech[];
  spans: Span[];
}

export interface FactOf {
  title: string;
  text: string;
}

export interface Figure {
  id: string;
  title: string;
  shown: string;
  value: number | null;
  detail: string;
  state: Level | null;
  since: string | null;
  meaning: string;
  calls: string;
  why: string;
}

export interface Going {
  call: string;
  agent: string;
  line: string;
  queue: string;
  since: string;
  refusal: string;
}

export interface Heartbeat {
  at: string;
  sequence: number;
}

export interface ItemOf {
  number: string;
  title: string;
  subitems: SubItemOf[];
}

export interface Kept {
  revision: number;
}

export interface KeyOf {
  action: DeskAction;
  does: string;
  keys: string[];
  chosen: boolean;
}

export interface Lane {
  id: "citizen" | "adviser" | "both";
  title: string;
  peaks: number[];
}

export interface Lanes {
  duration_seconds: number;
  lanes: Lane[];
}

export type Level = "ok" | "warn" | "bad";

export interface Listened {
  said: string;
}

export interface ListeningNow {
  connected: boolean;
  may_whisper: boolean;
  may_audit: boolean;
  conversations: Going[];
  own: Own | null;
  said: string;
}

export interface LiveOf {
  call: string;
  agent: string;
  since: string;
  going_on: boolean;
}

export type Mark = "complies" | "fails" | "not_applicable";

export type Mode = "live" | "past" | "replay";

export type Opening = "open" | "closed" | "unknown";

export interface Own {
  call: string;
  agent: string;
  whispering: boolean;
  answered_at: string | null;
}

export interface Part {
  id: string;
  word: string;
  count: number;
  shown: string;
  calls: string;
}

export type Phase = "ringing" | "talking" | "wrap_up" | "late";

export interface Quarter {
  begins_at: string;
  hour: string;
  offered: number | null;
  answered: number | null;
  abandoned: number | null;
  answer_rate: number | null;
  answer_rate_shown: string;
  calls: string;
}

export interface QuestionTold {
  name: string;
  title: string;
  text: string;
  choices: AnswerChoice[];
  answer: number | string | null;
  keyed: boolean;
}

export interface QueueOfDesk {
  name: string;
  title: string;
  line: string;
  inside: boolean;
  fixed: boolean;
}

export interface QueueRow {
  name: string;
  state: Level | null;
  waiting: Figure;
  longest_wait: Figure;
  expected_wait: Figure;
  advisers: Figure;
  service_level: Figure;
  abandonment: Figure;
  offered: Figure;
}

export type Resolution = "solved" | "escalated" | "other";

export interface Segment {
  start: number;
  end: number;
}

export type Source = "web" | "mailbox" | "abandoned" | "kept_place" | "appointment" | "follow_up" | "campaign";

export interface Span {
  kind: "silence" | "talk_over" | "hold";
  title: string;
  start: number;
  end: number;
}

export interface Speech {
  lane: "citizen" | "adviser" | "both";
  segments: Segment[];
}

export interface StateCount {
  state: string;
  word: string;
  count: number;
  shown: string;
}

export interface SubItemOf {
  number: string;
  title: string;
  guidance: string;
  mark: Mark | null;
  seconds: number | null;
  note: string;
}

export interface SurveyTold {
  survey: string;
  title: string;
  campaigns: string[];
  how: string;
  refused: string;
  questions: QuestionTold[];
}

export interface Unfinished {
  channel: string;
  call: string;
  queue: string;
  number: string;
  ended_at: string;
}

export interface WallBoard {
  sequence: number;
  at: string;
  line: string;
  title: string;
  mode: Mode;
  source: string;
  connected: boolean;
  connected_at: string | null;
  opening: Opening;
  opening_word: string;
  cards: Figure[];
  queues: QueueRow[];
  advisers_by_state: StateCount[];
  identity: Balance;
  notices: string[];
  alerts: Alert[];
}

export type When = "now" | "today" | "overdue";

export interface Why {
  figure: string;
  queue: string;
  title: string;
  shown: string;
  state: Level | null;
  sentences: string[];
  calls: string;
}

export interface WordTold {
  at: string;
  author: string;
  disposition: string;
  title: string;
  resolution: Resolution;
  note: string;
  solution: string;
}
