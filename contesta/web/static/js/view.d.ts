// Written by «make docs» from contesta/board/view.py and contesta/auditing/view.py.

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

export interface Alert {
  id: string;
  level: Level;
  figure: string;
  queue: string;
  text: string;
  since: string;
}

export interface Balance {
  text: string;
  parts: Part[];
  balances: boolean;
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
  silent_because: string;
  next: string;
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

export type Mark = "complies" | "fails" | "not_applicable";

export type Mode = "live" | "past" | "replay";

export type Opening = "open" | "closed" | "unknown";

export interface Part {
  id: string;
  word: string;
  count: number;
  shown: string;
  calls: string;
}

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

export interface Segment {
  start: number;
  end: number;
}

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

export interface Why {
  figure: string;
  queue: string;
  title: string;
  shown: string;
  state: Level | null;
  sentences: string[];
  calls: string;
}
