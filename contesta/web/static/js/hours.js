/**
 * @param {string} moment
 * @param {string} zone
 * @returns {string} day and hour for operations, such as "mar, 3 jun, 14:05"
 */
export function dayAndHour(moment, zone) {
  return new Intl.DateTimeFormat("es-CO", {
    timeZone: zone,
    weekday: "short",
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    hour12: false,
  }).format(new Date(moment));
}
