import { html } from "htm/preact";
import { Icon } from "./icons.js";
import { usePage } from "./page.js";
import { useTicking } from "./ticker.js";

/**
 * Which line, what time it is, whether it attends, how far the board can be believed; and what can be done here.
 *
 * @param {object} props
 * @param {import("./view.d.ts").WallBoard} props.board
 * @param {boolean} props.sounds
 * @param {boolean} props.rewinding
 * @param {() => void} props.turnSound
 * @param {() => void} props.turnRewind
 * @param {() => void} props.help
 */
export function Strip({ board, sounds, rewinding, turnSound, turnRewind, help }) {
  return html`
    <div class="strip">
      <div>
        <h1>${board.title}</h1>
        <p class="detail"><${Today} /> <${Opening} board=${board} /></p>
      </div>
      <${Clock} />
      <${Trust} board=${board} />
      <div class="tools">
        <button type="button" class="tool" aria-pressed=${rewinding} onClick=${turnRewind}>
          <${Icon} of="rewind" /> <span>Otro momento</span>
        </button>
        <button type="button" class="tool" aria-pressed=${sounds} onClick=${turnSound}>
          <${Icon} of=${sounds ? "sound" : "mute"} /> <span>${sounds ? "Con sonido" : "Sin sonido"}</span>
        </button>
        <button type="button" class="tool" onClick=${help}>
          <${Icon} of="help" /> <span>Ayuda</span>
        </button>
      </div>
    </div>
  `;
}

/** @param {{ board: import("./view.d.ts").WallBoard }} props */
export function Opening({ board }) {
  if (board.opening === "unknown") return null;
  return html`· <span class="opening">${board.opening_word}</span>`;
}

export function Clock() {
  const { watch, zone } = usePage();
  return html`<span class="clock">${useTicking(() => zone.hour(watch.now))}</span>`;
}

function Today() {
  const { watch, zone } = usePage();
  return html`${useTicking(() => zone.day(watch.now))}`;
}

/**
 * How far what is shown can be believed.
 *
 * @param {{ board: import("./view.d.ts").WallBoard }} props
 */
export function Trust({ board }) {
  const { watch } = usePage();
  const text = useTicking(() => {
    if (watch.seeking) return "Buscando ese momento…";
    if (watch.freshness === "live") return board.mode === "replay" ? board.source : "En vivo";
    if (watch.freshness === "late") return `Sin señal hace ${Math.floor(watch.silence / 1000)} s`;
    return { stale: "Sin datos", central: "Central sin conexión", past: "Momento pasado", waiting: "" }[
      watch.freshness
    ];
  });
  const live = watch.freshness === "live" && !watch.seeking;
  return html`
    <span class="trust ${live ? board.mode : watch.freshness}">
      <span class="mark" aria-hidden="true">${live ? "●" : "◌"}</span> ${text}
    </span>
  `;
}
