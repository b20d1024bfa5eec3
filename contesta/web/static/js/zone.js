/** Moments in the time zone of the line, whatever the browser's is. */
export class Zone {
  /** @type {Intl.DateTimeFormat} */ #hour;
  /** @type {Intl.DateTimeFormat} */ #day;
  /** @type {Intl.DateTimeFormat} */ #ahead;
  /** @type {Intl.DateTimeFormat} */ #parts;

  /** @param {string} name as in "America/Bogota" */
  constructor(name) {
    const timeZone = name;
    /** @type {Intl.DateTimeFormatOptions} */
    const time = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
    this.#hour = new Intl.DateTimeFormat("es-CO", { timeZone, ...time });
    this.#day = new Intl.DateTimeFormat("es-CO", {
      timeZone,
      weekday: "long",
      day: "numeric",
      month: "long",
      year: "numeric",
    });
    this.#ahead = new Intl.DateTimeFormat("en", { timeZone, timeZoneName: "longOffset" });
    this.#parts = new Intl.DateTimeFormat("sv", {
      timeZone,
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      ...time,
    });
  }

  /**
   * "14:05:07"
   *
   * @param {number} at milliseconds since 1970
   */
  hour(at) {
    return this.#hour.format(at);
  }

  /**
   * "martes 3 de junio de 2025"
   *
   * @param {number} at milliseconds since 1970
   */
  day(at) {
    return this.#day.format(at).replace(", ", " ");
  }

  /**
   * "2025-06-03T14:05", which fields for a moment take
   *
   * @param {number} at milliseconds since 1970
   */
  field(at) {
    return this.#parts.format(at).replace(" ", "T").slice(0, 16);
  }

  /**
   * "2025-06-03T14:05:00-05:00"
   *
   * @param {number} at milliseconds since 1970
   */
  iso(at) {
    return this.#parts.format(at).replace(" ", "T") + this.#offset(at);
  }

  /**
   * Give the moment that a field for one holds.
   *
   * @param {string} field "2025-06-03T14:05"
   * @returns {number} milliseconds since 1970; NaN if it holds none
   */
  moment(field) {
    const there = Date.parse(`${field}Z`);
    if (Number.isNaN(there)) return there;
    const near = Date.parse(field.slice(0, 16) + this.#offset(there));
    return Date.parse(field.slice(0, 16) + this.#offset(near));
  }

  /** @param {number} at */
  #offset(at) {
    const named = this.#ahead.formatToParts(at).find((part) => part.type === "timeZoneName")?.value ?? "GMT";
    return named === "GMT" ? "+00:00" : named.slice(3);
  }
}
