/**
 * How a state is shown: by its fill, by its shape and by its word.
 *
 * @type {Record<import("./view.d.ts").Level | "stale", { mark: string, word: string }>}
 */
export const LEVELS = {
  ok: { mark: "●", word: "En meta" },
  warn: { mark: "▲", word: "Atención" },
  bad: { mark: "■", word: "Fuera de meta" },
  stale: { mark: "◌", word: "Sin datos" },
};
