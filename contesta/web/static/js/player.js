const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 2];

/** A recording that is heard: where it is, how fast, and what is heard again and again. */
export class Player {
  /** @param {string | null} address null: there is nothing to hear */
  constructor(address) {
    this.audio = new Audio();
    this.audio.preload = "metadata";
    this.problem = "";
    this.duration = 0;
    /** @type {number | null} */
    this.loopFrom = null;
    /** @type {number | null} */
    this.loopTo = null;
    /** @type {Set<() => void>} */
    this.listeners = new Set();
    this.usable = address !== null;
    for (const name of ["play", "pause", "seeked", "ratechange", "loadedmetadata", "timeupdate"]) {
      this.audio.addEventListener(name, () => this.#changed());
    }
    this.audio.addEventListener("error", () => {
      this.problem = "La grabación no se puede oír. Recargue la página; si sigue igual, avise a quien administra.";
      this.#changed();
    });
    if (address) this.audio.src = address;
  }

  get time() {
    return this.audio.currentTime;
  }

  get playing() {
    return !this.audio.paused;
  }

  get speed() {
    return this.audio.playbackRate;
  }

  /**
   * @param {() => void} listener
   * @returns {() => void} what ends it
   */
  onChange(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  toggle() {
    if (this.playing) this.audio.pause();
    else this.play();
  }

  play() {
    if (this.usable) this.audio.play().catch(() => {});
  }

  /** @param {number} seconds from the beginning */
  to(seconds) {
    if (!this.usable) return;
    this.audio.currentTime = Math.min(Math.max(0, seconds), this.duration || Number.MAX_SAFE_INTEGER);
    this.#changed();
  }

  /** @param {number} seconds */
  by(seconds) {
    this.to(this.time + seconds);
  }

  /** @param {1 | -1} direction */
  change(direction) {
    const place = SPEEDS.indexOf(this.speed) + direction;
    this.audio.playbackRate = SPEEDS[Math.min(Math.max(0, place), SPEEDS.length - 1)] ?? 1;
  }

  /** Begin a loop here; a second time, take it away. */
  loopBegin() {
    const away = this.loopFrom !== null;
    this.loopFrom = away ? null : this.time;
    this.loopTo = null;
    this.#changed();
  }

  /** End the loop here, and hear it. */
  loopEnd() {
    if (this.loopFrom === null || this.time <= this.loopFrom) return;
    this.loopTo = this.time;
    this.to(this.loopFrom);
    this.play();
  }

  /** Called as often as the page is drawn. */
  keepInLoop() {
    if (this.loopFrom !== null && this.loopTo !== null && this.time >= this.loopTo) this.to(this.loopFrom);
  }

  #changed() {
    if (!this.duration && Number.isFinite(this.audio.duration)) this.duration = this.audio.duration;
    for (const listener of this.listeners) listener();
  }
}
