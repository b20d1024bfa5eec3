import { html } from "htm/preact";
import { duration } from "./durations.js";
import { Figure } from "./figure.js";
import { Icon } from "./icons.js";
import { usePage } from "./page.js";
import { useSteadyOrder } from "./steady.js";
import { useTicking } from "./ticker.js";

/** @typedef {import("./view.d.ts").AdviserRow} AdviserRow */

const STEPS_MS = [10_000, 60_000, 300_000];

/** @param {{ advisers: AdviserRow[], states: import("./view.d.ts").StateCount[] }} props */
export function Advisers({ advisers, states }) {
  const { arranged, moves, apply, surround } = useSteadyOrder(advisers, (row) => row.id);
  return html`
    <section id="asesores" class="panel advisers" aria-labelledby="titulo-asesores" tabindex="-1" ...${surround}>
      <div class="panel-head">
        <h2 id="titulo-asesores">Asesores</h2>
        <ul class="counts" aria-label="Cuántos hay en cada estado">
          ${states.map(
            ({ state, word, shown }) =>
              html`<li key=${state} class=${state}><${Icon} of=${state} /> <b>${shown}</b> ${word}</li>`,
          )}
        </ul>
        ${
          moves > 0 &&
          html`<button type="button" class="apply" onClick=${apply}>
            ${moves === 1 ? "1 cambio de orden" : `${moves} cambios de orden`} · Aplicar
          </button>`
        }
      </div>
      ${advisers.length ? html`<${Table} rows=${arranged} />` : html`<${Nobody} />`}
    </section>
  `;
}

function Nobody() {
  return html`<p class="empty">
    Ningún asesor se ha conectado hoy. Aparecen aquí cuando su teléfono se registra y entran a una cola.
  </p>`;
}

/** @param {{ rows: AdviserRow[] }} props */
function Table({ rows }) {
  return html`
    <table role="table" class="rows">
      <caption class="visually-hidden">Asesores, con su estado y sus llamadas de hoy</caption>
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader" scope="col">Asesor</th>
          <th role="columnheader" scope="col">Estado</th>
          <th role="columnheader" scope="col" class="number">Tiempo</th>
          <th role="columnheader" scope="col">Colas</th>
          <th role="columnheader" scope="col" class="number">Contestadas</th>
          <th role="columnheader" scope="col" class="number">No contestó</th>
          <th role="columnheader" scope="col" class="number">TMO</th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${rows.map((row) => html`<${Row} key=${row.id} row=${row} />`)}
      </tbody>
    </table>
  `;
}

/** @param {{ row: AdviserRow }} props */
function Row({ row }) {
  const { listen, watch } = usePage();
  return html`
    <tr role="row" class=${row.state}>
      <th role="rowheader" scope="row">${row.name}</th>
      <td role="cell" data-name="Estado" class="about-state">
        <span class="doing ${row.state}"><${Icon} of=${row.state} /> ${row.word}</span>
        ${row.reason && html` <span class="detail">${row.reason}</span>`}
        ${
          listen &&
          watch.board?.mode === "live" &&
          row.state === "talking" &&
          html` <a class="listen" href=${`/escuchar?asesor=${encodeURIComponent(row.name)}`}>Escuchar<span class="visually-hidden"> a ${row.name}</span></a>`
        }
      </td>
      <td role="cell" data-name="Tiempo" class="number about-time"><${TimeInState} since=${row.since} /></td>
      <td role="cell" data-name="Colas" class="about-queues">${row.queues.join(", ") || "–"}</td>
      <td role="cell" data-name="Contestadas" class="number"><${Figure} figure=${row.answered} /></td>
      <td role="cell" data-name="No contestó" class="number"><${Figure} figure=${row.unanswered} /></td>
      <td role="cell" data-name="TMO" class="number"><${Figure} figure=${row.tmo} /></td>
    </tr>
  `;
}

/**
 * How long somebody has been at it: a time, and steps that show from afar who has just begun and who is long at it.
 *
 * @param {{ since: string }} props
 */
function TimeInState({ since }) {
  const { watch } = usePage();
  const elapsed = () => watch.now - Date.parse(since);
  const shown = useTicking(() => duration(elapsed()));
  const step = useTicking(() => STEPS_MS.filter((least) => elapsed() >= least).length);
  return html`<span class="steps" data-step=${step} aria-hidden="true"><i /><i /><i /></span> ${shown}`;
}
