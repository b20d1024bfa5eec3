import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { Since } from "./figure.js";

const SHOWN_AT_FIRST = 10;

/** @param {{ callers: import("./view.d.ts").Caller[] }} props longest wait first */
export function Waiting({ callers }) {
  const [all, showAll] = useState(false);
  const hidden = all ? 0 : Math.max(0, callers.length - SHOWN_AT_FIRST);
  return html`
    <section id="espera" class="panel waiting" aria-labelledby="titulo-espera" tabindex="-1">
      <div class="panel-head"><h2 id="titulo-espera">Esperan ahora</h2></div>
      ${callers.length === 0 && html`<p class="empty">Nadie espera en este momento.</p>`}
      <ol class="callers">
        ${callers.slice(0, callers.length - hidden).map(
          (caller) => html`
            <li key=${caller.call}>
              <a href=${caller.call}>
                <span class="number">${caller.number}</span> <span class="detail">${caller.queue}</span>
              </a>
              <span class="time"><${Since} since=${caller.since} /></span>
            </li>
          `,
        )}
      </ol>
      ${
        callers.length > SHOWN_AT_FIRST &&
        html`<button type="button" class="quiet" aria-expanded=${all} onClick=${() => showAll(!all)}>
          ${all ? "Ver menos" : hidden === 1 ? "Ver uno más" : `Ver ${hidden} más`}
        </button>`
      }
    </section>
  `;
}
