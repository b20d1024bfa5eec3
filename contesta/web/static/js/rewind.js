import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";
import { usePage } from "./page.js";

const MINUTE_MS = 60_000;
const STEPS = [
  { minutes: -60, word: "−1 h" },
  { minutes: -15, word: "−15 min" },
  { minutes: -1, word: "−1 min" },
  { minutes: 1, word: "+1 min" },
  { minutes: 15, word: "+15 min" },
  { minutes: 60, word: "+1 h" },
];

/**
 * Which moment is shown, and how to come to another.
 *
 * @param {{ go: (moment: string) => void, back: () => void }} props
 */
export function Rewind({ go, back }) {
  const { watch, zone } = usePage();
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  const at = watch.moment ? Date.parse(watch.moment) : watch.now;
  const shown = zone.field(at);

  useEffect(() => {
    if (!watch.moment) field.current?.focus();
  }, []);

  /** @param {number} moment */
  const goTo = (moment) => go(zone.iso(Math.floor(moment / MINUTE_MS) * MINUTE_MS));
  /** @param {Event} event */
  const submit = (event) => {
    event.preventDefault();
    const moment = zone.moment(field.current?.value ?? "");
    if (!Number.isNaN(moment)) goTo(moment);
  };

  return html`
    <section class="rewind ${watch.moment ? "past" : ""}" aria-labelledby="otro-momento">
      <h2 id="otro-momento">
        ${
          watch.moment
            ? html`<span class="mark" aria-hidden="true">◂</span> Así estaba el tablero el ${zone.day(at)} a las
                ${" "}${zone.hour(at)}. No es este momento.`
            : "Ver el tablero como estaba en un momento pasado"
        }
      </h2>
      <form onSubmit=${submit}>
        <label>Fecha y hora <input type="datetime-local" ref=${field} value=${shown} key=${watch.moment} required /></label>
        <button type="submit">Ver</button>
        <div class="jumps" role="group" aria-label="Ir a otro minuto">
          ${STEPS.map(
            ({ minutes, word }) =>
              html`<button key=${word} type="button" class="quiet" onClick=${() => goTo(at + minutes * MINUTE_MS)}>${word}</button>`,
          )}
        </div>
        <button type="button" class=${watch.moment ? "action" : "quiet"} onClick=${back}>
          ${watch.moment ? "Volver a ahora" : "Cerrar"}
        </button>
      </form>
      ${watch.problem && html`<p class="problem">No se puede mostrar ese momento. ${watch.problem}</p>`}
    </section>
  `;
}
