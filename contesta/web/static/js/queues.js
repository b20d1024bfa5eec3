import { html } from "htm/preact";
import { Figure, State } from "./figure.js";
import { usePage } from "./page.js";
import { useSteadyOrder } from "./steady.js";
import { WhyButton } from "./why.js";

/**
 * @typedef {import("./view.d.ts").QueueRow} QueueRow
 * @typedef {import("./view.d.ts").Figure} FigureView
 */

/** @type {{ of: (row: QueueRow) => FigureView, head: string }[]} */
const COLUMNS = [
  { of: (row) => row.waiting, head: "En espera" },
  { of: (row) => row.longest_wait, head: "Espera más larga" },
  { of: (row) => row.expected_wait, head: "Espera prevista" },
  { of: (row) => row.advisers, head: "Asesores" },
  { of: (row) => row.service_level, head: "Nivel de servicio" },
  { of: (row) => row.abandonment, head: "Abandono" },
  { of: (row) => row.offered, head: "Recibidas" },
];

/** @param {{ queues: QueueRow[] }} props */
export function Queues({ queues }) {
  const { arranged, moves, apply, surround } = useSteadyOrder(queues, (row) => row.name);
  return html`
    <section id="colas" class="panel queues" aria-labelledby="titulo-colas" tabindex="-1" ...${surround}>
      <div class="panel-head">
        <h2 id="titulo-colas">Colas</h2>
        ${
          moves > 0 &&
          html`<button type="button" class="apply" onClick=${apply}>
            ${moves === 1 ? "1 cambio de orden" : `${moves} cambios de orden`} · Aplicar
          </button>`
        }
      </div>
      ${queues.length ? html`<${Table} rows=${arranged} />` : html`<${NoQueues} />`}
    </section>
  `;
}

function NoQueues() {
  return html`<p class="empty">
    Ninguna cola ha tenido llamadas ni asesores. Aparecen aquí cuando alguien entra a esperar o un asesor se conecta.
  </p>`;
}

/** @param {{ rows: QueueRow[] }} props */
function Table({ rows }) {
  return html`
    <table role="table" class="rows">
      <caption class="visually-hidden">Colas, primero la que está peor y luego la de espera más larga</caption>
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader" scope="col">Cola</th>
          ${COLUMNS.map(({ head }) => html`<th key=${head} role="columnheader" scope="col" class="number">${head}</th>`)}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${rows.map((row) => html`<${Row} key=${row.name} row=${row} />`)}
      </tbody>
    </table>
  `;
}

/** @param {{ row: QueueRow }} props */
function Row({ row }) {
  const { current } = usePage();
  const worst = COLUMNS.map(({ of }) => of(row)).find((figure) => figure.state === row.state && figure.why);
  return html`
    <tr role="row" class=${(current && row.state) || ""}>
      <th role="rowheader" scope="row">
        <span class="name">${row.name}</span>
        <${State} level=${row.state} />
        ${worst && html`<${WhyButton} figure=${worst} of=${row.name} />`}
      </th>
      ${COLUMNS.map(({ of, head }) => {
        const figure = of(row);
        return html`
          <td key=${head} role="cell" class="number" data-name=${head}>
            <${Figure} figure=${figure} />
            ${figure.detail && html`<span class="detail">${figure.detail}</span>`}
          </td>
        `;
      })}
    </tr>
  `;
}
