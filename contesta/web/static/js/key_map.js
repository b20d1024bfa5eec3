import { html } from "htm/preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { keyOf } from "./desk_keys.js";

/**
 * @typedef {import("./view.d.ts").KeyOf} KeyOf
 * @typedef {import("./view.d.ts").DeskWanted} DeskWanted
 */

const CHANGE = "Cambiar";
const PRESS = "Pulse la tecla; Esc cancela";

/** @type {Record<string, string>} */
const NAMES = {
  " ": "Espacio",
  Enter: "Entrar",
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓",
  Shift: "Mayús",
  Home: "Inicio",
  End: "Fin",
  PageUp: "Re Pág",
  PageDown: "Av Pág",
  Insert: "Insertar",
};

/**
 * @param {string} key as `keyOf` names it
 * @returns {string} for people: "Mayús ←"
 */
export function named(key) {
  const parts = key.length > 1 ? key.split("+").filter(Boolean) : [key];
  return parts.map((part) => NAMES[part] ?? (part.length === 1 ? part.toUpperCase() : part)).join(" ");
}

/**
 * The keys of the desk, each of which can be changed.
 *
 * @param {object} props
 * @param {DeskWanted} props.wanted
 * @param {(keys: KeyOf[], evidenceLast: boolean) => Promise<void>} props.keep throws what the server refuses
 * @param {boolean} props.single
 * @param {(on: boolean) => void} props.turn
 * @param {() => void} props.close
 */
export function KeyMap({ wanted, keep, single, turn, close }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [asking, ask] = useState("");
  const [said, say] = useState("");
  const [refused, refuse] = useState("");
  useLayoutEffect(() => dialog.current?.showModal(), []);

  /**
   * @param {KeyOf[]} keys
   * @param {boolean} last
   * @param {string} done
   */
  const change = async (keys, last, done) => {
    ask("");
    try {
      await keep(keys, last);
      refuse("");
      say(done);
    } catch (error) {
      say("");
      refuse(error instanceof Error ? error.message : String(error));
    }
  };
  /**
   * @param {KeyboardEvent} event
   * @param {KeyOf} one
   */
  const pressed = (event, one) => {
    if (asking !== one.action || event.key === "Tab") return;
    if (["Control", "Shift", "Alt", "Meta", "Dead"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Escape") {
      ask("");
      return;
    }
    const key = keyOf(event);
    const others = wanted.keys.filter(({ action, chosen }) => chosen && action !== one.action);
    void change(
      [...others, { ...one, keys: [key], chosen: true }],
      wanted.evidence_last,
      `«${one.does}» es ahora ${named(key)}.`,
    );
  };

  return html`
    <dialog ref=${dialog} aria-labelledby="teclas" onClose=${close}>
      <form method="dialog" class="dialog-head">
        <h2 id="teclas">Teclas de la mesa</h2>
        <button class="quiet" aria-label="Cerrar">✕</button>
      </form>
      <label class="choice"><input type="checkbox" checked=${single} onChange=${() => turn(!single)} /> Usar teclas sueltas</label>
      <label class="choice"><input type="checkbox" checked=${wanted.evidence_last}
        onChange=${() => void change(chosenOf(wanted), !wanted.evidence_last, "Guardado.")} /> Ver lo medido solo cuando todo esté marcado</label>
      <p class="help">No actúan mientras escribe. Esc sale de la nota. Lo que cambie aquí es solo suyo.</p>
      ${refused && html`<p class="fault" role="alert">${refused}</p>`}
      <p class="saved" role="status">${said}</p>
      <ul role="list" class="key-list">
        ${wanted.keys.map(
          (one) => html`
          <li key=${one.action}>
            <span class="key-names">${one.keys.map((key, place) => html`${place > 0 && " o "}<kbd key=${key}>${named(key)}</kbd>`)}</span>
            <span>${one.does}</span>
            <button type="button" class="quiet" aria-label=${`${asking === one.action ? PRESS : CHANGE}: ${one.does}`} onClick=${() => ask(one.action)} onBlur=${() => asking === one.action && ask("")}
              onKeyDown=${(/** @type {KeyboardEvent} */ event) => pressed(event, one)}>
              ${asking === one.action ? PRESS : CHANGE}
            </button>
          </li>`,
        )}
      </ul>
      ${
        chosenOf(wanted).length > 0 &&
        html`<button type="button" class="quiet" onClick=${() => void change([], wanted.evidence_last, "Las teclas son otra vez las de siempre.")}>Volver a las teclas de siempre</button>`
      }
    </dialog>
  `;
}

/** @param {DeskWanted} wanted */
function chosenOf(wanted) {
  return wanted.keys.filter(({ chosen }) => chosen);
}
