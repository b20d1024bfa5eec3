/**
 * @typedef {"waiting" | "live" | "late" | "stale" | "central" | "past"} Freshness
 *   waiting: nothing came yet; live: what is shown is so now; late: no sign of life for a moment; stale: for long;
 *   central: we live, but the telephone system tells us nothing; past: another moment was asked for
 */

export const LATE_MS = 5_000;
export const STALE_MS = 30_000;

/**
 * Tell how far what is shown can be believed.
 *
 * @param {{ board: import("./view.d.ts").WallBoard | null, silence: number }} known silence: milliseconds since the
 *   last sign of life
 * @returns {Freshness}
 */
export function freshness({ board, silence }) {
  if (!board) return "waiting";
  if (board.mode === "past") return "past";
  if (silence > STALE_MS) return "stale";
  if (silence > LATE_MS) return "late";
  return board.connected ? "live" : "central";
}

/**
 * @param {Freshness} state
 * @returns {boolean} whether figures may be held against their thresholds
 */
export function isCurrent(state) {
  return state === "live" || state === "past";
}
