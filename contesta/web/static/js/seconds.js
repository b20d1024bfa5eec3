import { duration } from "./durations.js";

/**
 * @param {number} seconds
 * @returns {string} "3:07", from an hour on "1:03:07"
 */
export function shown(seconds) {
  return duration(seconds * 1000);
}

/**
 * @param {string} said "3:07", "187" or "187,5"
 * @returns {number | null} seconds; null if it is no time
 */
export function read(said) {
  const parts = said.trim().replace(",", ".").split(":");
  if (parts.length > 3 || !parts.every((part) => /^\d+(\.\d+)?$/.test(part))) return null;
  return parts.reduce((sum, part) => sum * 60 + Number(part), 0);
}
