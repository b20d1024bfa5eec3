const TONE_HZ = 660;
const TONE_SECONDS = 0.35;
const LOUDNESS = 0.25;

/** One short tone. Silent until asked for: browsers let a page sound only after somebody did something on it. */
export class Sound {
  /** @type {AudioContext | null} */ #context = null;

  get on() {
    return this.#context !== null;
  }

  turn() {
    if (this.#context) {
      void this.#context.close();
      this.#context = null;
      return;
    }
    this.#context = new AudioContext();
    this.play();
  }

  play() {
    if (!this.#context) return;
    const now = this.#context.currentTime;
    const tone = new OscillatorNode(this.#context, { frequency: TONE_HZ });
    const level = new GainNode(this.#context, { gain: 0 });
    level.gain.setValueAtTime(0, now);
    level.gain.linearRampToValueAtTime(LOUDNESS, now + 0.02);
    level.gain.exponentialRampToValueAtTime(0.001, now + TONE_SECONDS);
    tone.connect(level).connect(this.#context.destination);
    tone.start(now);
    tone.stop(now + TONE_SECONDS);
  }
}
