import { send } from "./send.js";

/**
 * @typedef {import("./view.d.ts").Desk} Desk
 * @typedef {import("./view.d.ts").Mark} Mark
 * @typedef {object} Finding
 * @property {Mark} mark
 * @property {number | null} seconds
 * @property {string} note
 */

const PAUSE_MS = 600;

/** What an auditor has marked by now. It is kept on the server a moment after each change. */
export class Draft {
  /**
   * @param {string} address
   * @param {Desk} desk
   */
  constructor(address, desk) {
    this.address = address;
    this.revision = desk.revision;
    this.note = desk.note;
    /** @type {Map<string, Finding>} */
    this.findings = new Map();
    this.subitems = desk.categories.flatMap(({ items }) => items.flatMap(({ subitems }) => subitems));
    for (const { number, mark, seconds, note } of this.subitems) {
      if (mark) this.findings.set(number, { mark, seconds, note });
    }
    /** @type {{ number: string, before: Finding | undefined }[]} */
    this.past = [];
    this.status = "";
    this.problem = "";
    this.changed = false;
    this.timer = 0;
    /** @type {Promise<void>} */
    this.saving = Promise.resolve();
    /** @type {() => void} */
    this.onChange = () => {};
  }

  /** @returns {string[]} numbers of the sub-items that have no mark */
  get missing() {
    return this.subitems.map(({ number }) => number).filter((number) => !this.findings.has(number));
  }

  /** @returns {string[]} numbers of the failures without a note */
  get unexplained() {
    return [...this.findings]
      .filter(([, { mark, note }]) => mark === "fails" && !note.trim())
      .map(([number]) => number);
  }

  /**
   * @param {string} number
   * @param {Partial<Finding>} change
   * @param {boolean} [undoable] whether Ctrl+Z takes it back: typing has its own
   */
  set(number, change, undoable = true) {
    const before = this.findings.get(number);
    if (undoable) this.past.push({ number, before });
    const empty = /** @type {Finding} */ ({ mark: "complies", seconds: null, note: "" });
    this.findings.set(number, { ...(before ?? empty), ...change });
    this.#keep();
  }

  /** @returns {string | undefined} the number of what was taken back */
  undo() {
    const last = this.past.pop();
    if (!last) return undefined;
    if (last.before) this.findings.set(last.number, last.before);
    else this.findings.delete(last.number);
    this.#keep();
    return last.number;
  }

  /** @param {string} note of the whole audit */
  write(note) {
    this.note = note;
    this.#keep();
  }

  /** Keep what has changed, now. */
  async flush() {
    clearTimeout(this.timer);
    this.saving = this.saving.then(() => this.#save());
    await this.saving;
  }

  #keep() {
    this.changed = true;
    this.status = "Sin guardar";
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.flush(), PAUSE_MS);
    this.onChange();
  }

  async #save() {
    if (!this.changed) return;
    this.changed = false;
    try {
      const marks = [...this.findings].map(([number, found]) => ({ number, ...found }));
      const told = { revision: this.revision, note: this.note, marks };
      const kept = /** @type {import("./view.d.ts").Kept} */ (await send("PUT", this.address, told));
      this.revision = kept.revision;
      this.status = this.changed ? "Sin guardar" : "Guardado";
      this.problem = "";
    } catch (error) {
      this.changed = true;
      this.status = "Sin guardar";
      this.problem = error instanceof Error ? error.message : String(error);
    }
    this.onChange();
  }
}
