const PAUSE_MS = 10_000;
const MOST = 3;

/** Speaks through one role=status, at most every ten seconds; what was said twice meanwhile is said once. */
export class Announcer {
  /** @type {Set<string>} */ #pending = new Set();
  /** @type {number | undefined} */ #timer;
  #spokeAt = Number.NEGATIVE_INFINITY;

  /** @param {HTMLElement} status */
  constructor(status) {
    this.status = status;
  }

  /** @param {string} sentence */
  say(sentence) {
    this.#pending.delete(sentence);
    this.#pending.add(sentence);
    this.#timer ??= setTimeout(() => this.#speak(), Math.max(0, this.#spokeAt + PAUSE_MS - Date.now()));
  }

  #speak() {
    this.#timer = undefined;
    this.#spokeAt = Date.now();
    this.status.textContent = [...this.#pending].slice(-MOST).join(" ");
    this.#pending.clear();
  }
}
