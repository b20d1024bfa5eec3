// Written by «make docs» from contesta/board/view.py.

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
  advisers: AdviserRow[];
  waiting: Caller[];
}

export interface Caller {
  call: string;
  queue: string;
  number: string;
  since: string;
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

export interface End {
  reason: string;
  again: boolean;
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

export type Level = "ok" | "warn" | "bad";

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

export interface StateCount {
  state: string;
  word: string;
  count: number;
  shown: string;
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
