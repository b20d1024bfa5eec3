import { warning } from "./banner.js";

/**
 * @typedef {import("./view.d.ts").Alert} Alert
 * @typedef {import("./watch.js").Watch} Watch
 */

/**
 * Tell of what changes, whether or not anybody looks: in words, and with one tone when something becomes bad.
 *
 * @param {Watch} watch
 * @param {import("./zone.js").Zone} zone
 * @param {import("./announcer.js").Announcer} announcer
 * @param {import("./sound.js").Sound} sound
 */
export function tellChanges(watch, zone, announcer, sound) {
  /** @type {Alert[] | null} null: of what was there when we came nothing is told */
  let before = null;
  let warned = "";

  watch.onChange(() => {
    const warns = warning(watch, zone);
    if (warns !== warned) announcer.say(warns || "El tablero vuelve a estar en vivo.");
    warned = warns;
    if (watch.freshness === "past") before = null;
    if (watch.freshness !== "live" || !watch.board) return;
    const alerts = watch.board.alerts;
    if (before) {
      const entered = alerts.filter(
        (alert) => !before?.some(({ id, level }) => id === alert.id && level === alert.level),
      );
      const left = before.filter(({ id }) => !alerts.some((alert) => alert.id === id));
      for (const { text } of entered) announcer.say(text);
      for (const { text } of left) announcer.say(`Terminó la alerta: ${text}`);
      if (entered.some(({ level }) => level === "bad")) sound.play();
    }
    before = alerts;
  });
}
