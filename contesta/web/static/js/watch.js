import { ask } from "./ask.js";
import { ServerClock } from "./clock.js";
import { Feed } from "./feed.js";
import { freshness } from "./freshness.js";
import { onTick } from "./ticker.js";

/**
 * @typedef {import("./view.d.ts").WallBoard} WallBoard
 * @typedef {import("./freshness.js").Freshness} Freshness
 */

/**
 * The board that is shown and how far it can be believed: the stream's, or that of a past moment.
 *
 * @template {WallBoard} [Shown=WallBoard]
 */
export class Watch {
  /** @type {Shown | null} */ board = null;
  /** @type {Freshness} */ freshness = "waiting";
  /** @type {number | null} when the stream is opened again */ retryAt = null;
  /** @type {string} why the server did not let us in the last time; "" if it did */ refused = "";
  /** @type {string} why there is no use in going on; "" while there is */ ended = "";
  /** @type {string} what kept us from the past moment that was asked for */ problem = "";
  /** @type {string} the past moment that is shown or asked for; "" is now */ moment = "";

  /** @type {Set<() => void>} */ #listeners = new Set();
  #clock = new ServerClock();
  #heardAt = Date.now();
  #arrivedAt = Date.now();
  #heardAfter = performance.now();
  /** @type {AbortController | null} */ #asking = null;

  /**
   * @param {string} stream address of the stream
   * @param {string} [boards] address of the board of a past moment
   */
  constructor(stream, boards = "") {
    this.boards = boards;
    this.feed = new Feed(stream, {
      board: (board) => this.#show(/** @type {Shown} */ (board)),
      heartbeat: ({ at }) => this.#sign(at),
      end: (reason) => this.#change({ ended: reason, retryAt: null }),
      lost: (retryAt) => this.#change({ retryAt }),
      refused: (refused) => this.#change({ refused }),
    });
    onTick(() => {
      if (this.#assess()) this.#tell();
    });
  }

  /**
   * @param {() => void} listener is told after each change
   * @returns {() => void} what ends it
   */
  onChange(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Show this moment, as it goes on. */
  live() {
    this.#asking?.abort();
    this.#sign();
    this.#change({ board: null, moment: "", problem: "" });
    this.feed.open();
  }

  /** Open the stream again, without waiting. */
  retry() {
    if (!this.moment && !this.ended) this.feed.open();
  }

  /**
   * Show the board as it was.
   *
   * @param {string} moment ISO 8601
   */
  async rewind(moment) {
    this.feed.close();
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    this.#change({ moment, problem: "", retryAt: null });
    try {
      const board = /** @type {Shown} */ (await ask(this.boards, { at: moment }, asking.signal));
      if (!asking.signal.aborted) this.#change({ board });
    } catch (error) {
      if (!asking.signal.aborted) this.#change({ problem: /** @type {Error} */ (error).message });
    }
  }

  /** @returns {boolean} whether a past moment was asked for and has not come */
  get seeking() {
    return Boolean(this.moment) && !this.problem && this.board?.mode !== "past";
  }

  /** @returns {number} milliseconds since the last sign of life, also when this machine's clock was set back */
  get silence() {
    return Math.max(Date.now() - this.#heardAt, performance.now() - this.#heardAfter);
  }

  /** @returns {number} the moment up to which times run: that of the board, unless it goes on */
  get now() {
    if (!this.board) return this.#clock.at(Date.now());
    const at = Date.parse(this.board.at);
    if (this.board.mode === "past") return at;
    const runsTo = this.freshness === "stale" ? this.#heardAt : Date.now();
    if (this.board.mode === "replay") return at + Math.max(0, runsTo - this.#arrivedAt);
    if (this.freshness === "central") return this.board.connected_at ? Date.parse(this.board.connected_at) : at;
    return this.#clock.at(runsTo);
  }

  /** @returns {number} when we were last told something, by the server's clock */
  get toldAt() {
    return this.#clock.at(this.#heardAt);
  }

  /** @param {Shown} board */
  #show(board) {
    this.#arrivedAt = Date.now();
    this.#sign(board.mode === "live" ? board.at : undefined);
    this.#change({ board, retryAt: null, refused: "" });
  }

  /** @param {string} [at] the server's time */
  #sign(at) {
    this.#heardAt = Date.now();
    this.#heardAfter = performance.now();
    if (at) this.#clock.hear(at);
  }

  /** @param {Partial<Pick<this, "board" | "retryAt" | "refused" | "ended" | "problem" | "moment">>} news */
  #change(news) {
    Object.assign(this, news);
    this.#assess();
    this.#tell();
  }

  /** @returns {boolean} whether something is to be said about it */
  #assess() {
    const before = this.freshness;
    this.freshness = freshness({ board: this.board, silence: this.silence });
    return this.freshness !== before;
  }

  #tell() {
    for (const told of this.#listeners) told();
  }
}
