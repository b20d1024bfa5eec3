/**
 * @typedef {import("./view.d.ts").WallBoard} WallBoard
 * @typedef {import("./view.d.ts").Heartbeat} Heartbeat
 * @typedef {import("./view.d.ts").End} End
 * @typedef {object} Listener
 * @property {(board: WallBoard) => void} board
 * @property {(heartbeat: Heartbeat) => void} heartbeat
 * @property {(reason: string) => void} end there is no use in coming back
 * @property {(retryAt: number) => void} lost the stream broke; it is opened again at that time of ours
 * @property {(reason: string) => void} refused why the server did not let us in; we come back all the same
 */

const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 15_000;
/** Slow enough to spare a server that is gone, quick enough for one that starts anew to be found within 5 s. */
const GROWTH = 1.5;
const SILENCE_MS = 10_000;
const GONE = new Set([401, 403, 404]);

/** A stream of boards that comes back by itself: after a pause that grows, and never in step with other screens. */
export class Feed {
  /** @type {EventSource | null} */ #source = null;
  /** @type {number | undefined} */ #timer;
  #failures = 0;
  #heardAt = 0;

  /**
   * @param {string} address
   * @param {Listener} listener
   */
  constructor(address, listener) {
    this.address = address;
    this.listener = listener;
  }

  open() {
    this.close();
    const source = new EventSource(this.address);
    this.#source = source;
    this.#heardAt = Date.now();
    source.addEventListener("board", (event) => {
      this.#failures = 0;
      this.#hear(() => this.listener.board(JSON.parse(event.data)));
    });
    source.addEventListener("heartbeat", (event) => {
      this.#hear(() => this.listener.heartbeat(JSON.parse(event.data)));
    });
    source.addEventListener("end", (event) => {
      /** @type {End} */
      const end = JSON.parse(event.data);
      if (end.again) this.#comeBack();
      else this.#end(end.reason);
    });
    source.addEventListener("error", () => void this.#fail(source));
    this.#timer = setInterval(() => {
      if (Date.now() - this.#heardAt > SILENCE_MS) this.#comeBack();
    }, 1_000);
  }

  close() {
    this.#source?.close();
    this.#source = null;
    clearInterval(this.#timer);
    clearTimeout(this.#timer);
  }

  /** @param {() => void} told */
  #hear(told) {
    this.#heardAt = Date.now();
    told();
  }

  /**
   * A source that is closed was refused; it does not tell why, so we ask.
   *
   * @param {EventSource} source
   */
  async #fail(source) {
    const refused = source.readyState === EventSource.CLOSED;
    this.#comeBack();
    if (!refused) return;
    const { gone, reason } = await refusal(this.address);
    if (gone) this.#end(reason);
    else this.listener.refused(reason);
  }

  #comeBack() {
    this.close();
    const pause = Math.min(FIRST_PAUSE_MS * GROWTH ** this.#failures, LONGEST_PAUSE_MS) * (1 + Math.random() / 4);
    this.#failures += 1;
    this.#timer = setTimeout(() => this.open(), pause);
    this.listener.lost(Date.now() + pause);
  }

  /** @param {string} reason */
  #end(reason) {
    this.close();
    this.listener.end(reason);
  }
}

/**
 * @param {string} address
 * @returns {Promise<{ gone: boolean, reason: string }>} why we may not read it, in words; "" if we may, or if nobody
 *   answers. gone: there is no use in coming back
 */
async function refusal(address) {
  const stop = new AbortController();
  try {
    const answer = await fetch(address, { signal: stop.signal, cache: "no-store" });
    const reason = answer.ok ? "" : (await answer.json()).error.message;
    return { gone: GONE.has(answer.status), reason };
  } catch {
    return { gone: false, reason: "" };
  } finally {
    stop.abort();
  }
}
