/**
 * Write a duration as the screens do: 130 s is "2:10", from an hour on "1:02:10". Below zero counts as zero.
 *
 * @param {number} milliseconds
 * @returns {string}
 */
export function duration(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const tail = String(rest).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
}

/**
 * Say how long ago something was: "hace 7 s", "hace 2:10".
 *
 * @param {number} milliseconds
 * @returns {string}
 */
export function ago(milliseconds) {
  return milliseconds < 60_000
    ? `hace ${Math.max(0, Math.floor(milliseconds / 1000))} s`
    : `hace ${duration(milliseconds)}`;
}
