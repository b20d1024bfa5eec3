import { html } from "htm/preact";
import { createContext } from "preact";
import { useContext, useLayoutEffect, useRef, useState } from "preact/hooks";
import { ask } from "./ask.js";
import { Mark } from "./figure.js";
import { LEVELS } from "./levels.js";
import { usePage } from "./page.js";

/** @typedef {import("./view.d.ts").Figure} FigureView */

/** Asks why a figure is what it is. */
export const AskWhy = createContext(/** @type {(figure: FigureView) => void} */ (() => {}));

/**
 * Offered beside what is not as it should be.
 *
 * @param {{ figure: FigureView, of?: string }} props of: the queue, where several have the same figure
 */
export function WhyButton({ figure, of = "" }) {
  const { current, links } = usePage();
  const askWhy = useContext(AskWhy);
  if (!(current && links && figure.why) || figure.state === null || figure.state === "ok") return null;
  const asked = figure.state === "bad" && !of ? "¿Por qué está rojo?" : "¿Por qué?";
  return html`
    <button type="button" class="why" onClick=${() => askWhy(figure)}>
      ${asked}<span class="visually-hidden"> ${figure.title}${of && `, ${of}`}</span>
    </button>
  `;
}

/** @param {{ figure: FigureView, close: () => void }} props */
export function WhyDialog({ figure, close }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [said, say] = useState(/** @type {import("./view.d.ts").Why | null} */ (null));
  const [problem, fail] = useState("");

  useLayoutEffect(() => {
    const asking = new AbortController();
    dialog.current?.showModal();
    const [address, query] = figure.why.split("?");
    ask(address ?? "", Object.fromEntries(new URLSearchParams(query)), asking.signal).then(say, (error) => {
      if (!asking.signal.aborted) fail(error.message);
    });
    return () => asking.abort();
  }, []);

  return html`
    <dialog ref=${dialog} class="why-dialog" aria-labelledby="por-que" onClose=${close}>
      <form method="dialog" class="dialog-head">
        <h2 id="por-que">${said?.title ?? figure.title}</h2>
        <button class="quiet" aria-label="Cerrar">✕</button>
      </form>
      <div aria-live="polite">
        ${problem && html`<p class="problem">${problem}</p>`}
        ${!said && !problem && html`<p class="skeleton line">Buscando en el libro de llamadas…</p>`}
        ${said && html`<${Said} said=${said} />`}
      </div>
    </dialog>
  `;
}

/** @param {{ said: import("./view.d.ts").Why }} props */
function Said({ said }) {
  const level = said.state;
  return html`
    <p class="said">
      <strong class="large">${said.shown}</strong>
      ${level && html`<span class="state ${level}"><${Mark} level=${level} /> ${LEVELS[level].word}</span>`}
    </p>
    ${said.sentences.map((sentence, place) => html`<p key=${place} class=${place ? "" : "lead"}>${sentence}</p>`)}
    ${said.calls && html`<p><a class="action" href=${said.calls}>Ver esas llamadas</a></p>`}
  `;
}
