import { html } from "htm/preact";
import { useLayoutEffect, useRef } from "preact/hooks";

/**
 * Keys, and what each figure means: what hovering tells, for who cannot hover.
 *
 * @param {object} props
 * @param {import("./view.d.ts").Board} props.board
 * @param {import("./shortcuts.js").Shortcut[]} props.shortcuts
 * @param {boolean} props.keys
 * @param {(keys: boolean) => void} props.turnKeys
 * @param {() => void} props.close
 */
export function Help({ board, shortcuts, keys, turnKeys, close }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useLayoutEffect(() => dialog.current?.showModal(), []);
  const meanings = [...board.cards, ...columnsOf(board.queues[0])].filter(({ meaning }) => meaning);
  return html`
    <dialog ref=${dialog} aria-labelledby="ayuda" onClose=${close}>
      <form method="dialog" class="dialog-head">
        <h2 id="ayuda">Ayuda del tablero</h2>
        <button class="quiet" aria-label="Cerrar">✕</button>
      </form>
      <h3>Teclas</h3>
      <label class="check">
        <input type="checkbox" checked=${keys} onChange=${(/** @type {{ currentTarget: HTMLInputElement }} */ event) => turnKeys(event.currentTarget.checked)} />
        Usar atajos de una tecla
      </label>
      <dl class="keys">
        ${shortcuts.map(({ key, does }) => html`<div key=${key}><dt><kbd>${key.toUpperCase()}</kbd></dt><dd>${does}</dd></div>`)}
        <div><dt><kbd>Esc</kbd></dt><dd>Quitar la explicación de una cifra</dd></div>
      </dl>
      <h3>Qué es cada cifra</h3>
      <dl class="meanings">
        ${meanings.map(({ id, title, meaning }) => html`<div key=${title + id}><dt>${title}</dt><dd>${meaning}</dd></div>`)}
      </dl>
    </dialog>
  `;
}

/** @param {import("./view.d.ts").QueueRow | undefined} row */
function columnsOf(row) {
  return row ? [row.expected_wait, row.offered] : [];
}
