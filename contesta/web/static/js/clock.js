const KEPT = 30;

/** The server's time, from what it last told. The telling that took the least time to come is the best. */
export class ServerClock {
  /** @type {number[]} by how many milliseconds the server's clock was ahead of ours */
  #ahead = [];

  /** @param {string} at the server's time, just told */
  hear(at) {
    this.#ahead.push(Date.parse(at) - Date.now());
    if (this.#ahead.length > KEPT) this.#ahead.shift();
  }

  /**
   * @param {number} ours a moment by our clock, milliseconds since 1970
   * @returns {number} the same moment by the server's
   */
  at(ours) {
    return ours + (this.#ahead.length ? Math.max(...this.#ahead) : 0);
  }
}
