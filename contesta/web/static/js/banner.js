import { html } from "htm/preact";
import { usePage } from "./page.js";
import { useTicking } from "./ticker.js";

/**
 * What keeps the figures from being those of this moment, across the whole page; nothing while they are.
 *
 * @param {{ said: string }} props
 */
export function Banner({ said }) {
  const { watch, links } = usePage();
  const comes = useTicking(() => (watch.retryAt ? Math.max(0, Math.ceil((watch.retryAt - Date.now()) / 1000)) : null));
  if (!said) return null;
  return html`
    <div class="banner">
      <strong><span class="mark" aria-hidden="true">◌</span> ${said}</strong>
      ${watch.ended && links && html`<a class="action" href="/ingreso">Ingresar</a>`}
      ${
        !watch.ended &&
        comes !== null &&
        html`
          <span class="retry">${comes ? `${watch.refused} Nuevo intento en ${comes} s.` : "Intentando…"}</span>
          ${links && html`<button type="button" class="action" onClick=${() => watch.retry()}>Intentar ya</button>`}
        `
      }
    </div>
  `;
}

/**
 * @param {import("./watch.js").Watch} watch
 * @param {import("./zone.js").Zone} zone
 * @returns {string} what the banner says; "" if there is nothing to say
 */
export function warning(watch, zone) {
  if (watch.ended) return watch.ended;
  if (watch.freshness === "stale")
    return `Sin datos desde las ${zone.hour(watch.toldAt)}. Estas cifras no son actuales.`;
  if (watch.freshness !== "central") return "";
  const since = watch.board?.connected_at;
  const said = since
    ? `Central sin conexión desde las ${zone.hour(Date.parse(since))}. Estas cifras no son actuales.`
    : "Central sin conexión. Todavía no hay datos de este momento.";
  return [said, watch.board && "trouble" in watch.board ? watch.board.trouble : ""].filter(Boolean).join(" ");
}
