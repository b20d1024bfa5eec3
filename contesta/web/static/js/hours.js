/**
 * @param {string} day
 * @returns {string} such as "viernes 27 de noviembre"
 */
export function dayInWords(day) {
  const said = new Intl.DateTimeFormat("es-CO", { timeZone: "UTC", weekday: "long", day: "numeric", month: "long" });
  return said.format(new Date(`${day}T12:00:00Z`)).replace(", ", " ");
}

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
