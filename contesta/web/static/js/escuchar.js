import { html } from "htm/preact";
import { render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Announcer } from "./announcer.js";
import { lasting, OwnListening, useListening } from "./listening.js";

/**
 * @typedef {import("./view.d.ts").Going} Going
 * @typedef {import("./listening.js").Listening} Listening
 */

/**
 * @param {object} props
 * @param {string} props.agent whose conversation the page begins at
 * @param {Announcer} props.announcer
 */
function App({ agent, announcer }) {
  const listening = useListening(announcer);
  const { now, current, ended, problem, said } = listening;
  if (ended) return html`<p class="fault" role="alert">${ended}</p>`;
  return html`
    <h1>Conversaciones en curso</h1>
    <p class="help">Se oye en su propio teléfono de escucha. Solo se escucha lo que se puede grabar. Cada escucha queda anotada.</p>
    ${now && !current && html`<p class="gap">Sin señal de la central. Lo que sigue no es de este momento.</p>`}
    ${problem && html`<p class="fault" role="alert">${problem}</p>`}
    ${said && html`<p class="sentence">${said}</p>`}
    <${OwnListening} listening=${listening} />
    ${
      now === null
        ? html`<p>Cargando las conversaciones…</p>`
        : now.conversations.length
          ? html`<${Table} listening=${listening} agent=${agent} />`
          : html`<p class="empty">Nadie conversa en este momento. Las conversaciones aparecen aquí cuando un asesor contesta.</p>`
    }
  `;
}

/**
 * @param {object} props
 * @param {Listening} props.listening
 * @param {string} props.agent
 */
function Table({ listening, agent }) {
  return html`
    <table role="table" class="rows">
      <caption class="visually-hidden">Conversaciones en curso</caption>
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader" scope="col">Asesor</th>
          <th role="columnheader" scope="col">Línea</th>
          <th role="columnheader" scope="col">Cola</th>
          <th role="columnheader" scope="col" class="number">Tiempo</th>
          <th role="columnheader" scope="col">Qué hacer</th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${listening.now?.conversations.map(
          (one) =>
            html`<${Row} key=${`${one.call} ${one.agent}`} one=${one} listening=${listening} wanted=${one.agent === agent} />`,
        )}
      </tbody>
    </table>
  `;
}

/**
 * @param {object} props
 * @param {Going} props.one
 * @param {Listening} props.listening
 * @param {boolean} props.wanted
 */
function Row({ one, listening, wanted }) {
  const { now, at, begin, current } = listening;
  const row = useRef(/** @type {HTMLTableRowElement | null} */ (null));
  useEffect(() => {
    if (wanted) row.current?.querySelector("button")?.focus();
  }, []);
  const heard = now?.own?.call === one.call && now.own.agent === one.agent;
  return html`
    <tr role="row" ref=${row} class=${heard ? "heard" : ""}>
      <th role="rowheader" scope="row">${one.agent}</th>
      <td role="cell" data-name="Línea">${one.line}</td>
      <td role="cell" data-name="Cola">${one.queue}</td>
      <td role="cell" data-name="Tiempo" class="number">${lasting(at - Date.parse(one.since))}</td>
      <td role="cell" data-name="Qué hacer">
        ${
          one.refusal
            ? `${one.refusal}.`
            : heard
              ? "La escucha usted."
              : html`<button type="button" class="quiet" disabled=${!current || now?.own} onClick=${() => begin(one.call, one.agent)}>
                  Escuchar<span class="visually-hidden"> a ${one.agent}</span>
                </button>`
        }
        ${
          now?.may_audit && !one.refusal
            ? html`<form method="post" action="/calidad/auditorias/en-linea">
                <input type="hidden" name="call" value=${one.call} />
                <input type="hidden" name="agent" value=${one.agent} />
                <button type="submit" class="quiet">Auditar en línea<span class="visually-hidden"> a ${one.agent}</span></button>
              </form>`
            : null
        }
      </td>
    </tr>
  `;
}

function start() {
  const root = document.getElementById("escuchar");
  const status = document.getElementById("dicho");
  if (!root || !status) return;
  root.replaceChildren();
  render(html`<${App} agent=${root.dataset.agent ?? ""} announcer=${new Announcer(status)} />`, root);
}

start();
