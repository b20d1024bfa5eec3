import { html } from "htm/preact";
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { tellChanges } from "./alarms.js";
import { Announcer } from "./announcer.js";
import { Banner, warning } from "./banner.js";
import { Figure, Mark, State } from "./figure.js";
import { Icon } from "./icons.js";
import { PageContext, usePage, useWatched } from "./page.js";
import { Sound } from "./sound.js";
import { Clock, Trust } from "./strip.js";
import { Watch } from "./watch.js";
import { Zone } from "./zone.js";

/**
 * @typedef {import("./view.d.ts").WallBoard} WallBoard
 * @typedef {import("./view.d.ts").QueueRow} QueueRow
 */

const TURN_MS = 15_000;
const QUEUES_A_PAGE = 5;

/** @param {{ watch: Watch, zone: Zone }} props */
function Wall({ watch, zone }) {
  useWatched(watch);
  const { board } = watch;
  const said = warning(watch, zone);
  return html`
    <${PageContext.Provider} value=${{ watch, zone, links: false, listen: false }}>
      ${
        board
          ? html`<${Turning} board=${board} said=${said} />`
          : html`<div class="board"><${Banner} said=${said || "Buscando el tablero. Aparece solo cuando el servidor responda."} /></div>`
      }
    <//>
  `;
}

/** @param {{ board: WallBoard, said: string }} props */
function Turning({ board, said }) {
  const { watch } = usePage();
  const pages = pagesOf(board);
  const [turn, setTurn] = useState(0);
  const [paused, pause] = useState(false);
  const page = pages[turn % pages.length];
  const go = (/** @type {number} */ by) => setTurn((at) => (at + by + pages.length) % pages.length);

  useEffect(() => {
    if (paused) return;
    const timer = setTimeout(() => go(1), TURN_MS);
    return () => clearTimeout(timer);
  }, [turn, paused, pages.length]);
  useEffect(() => {
    const pressed = (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "ArrowRight") go(1);
      if (event.key === "ArrowLeft") go(-1);
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  });

  const bad = watch.freshness === "live" ? board.alerts.filter(({ level }) => level === "bad") : [];
  return html`
    <div class="board ${watch.freshness}">
      <div class="strip">
        <h1>${board.title}</h1>
        ${board.opening !== "unknown" && html`<span>${board.opening_word}</span>`}
        <${Trust} board=${board} />
        <${Clock} />
      </div>
      ${said ? html`<${Banner} said=${said} />` : html`<div>${bad[0] && html`<p class="alert bad"><${Mark} level="bad" /> ${bad[0].text}${others(bad.length - 1)}</p>`}</div>`}
      <section aria-labelledby="pagina">${page?.body}</section>
      <div class="foot">
        <h2 id="pagina">${page?.title}<span class="visually-hidden">, página</span> ${(turn % pages.length) + 1} de ${pages.length}</h2>
        <div class="turns">
          <button type="button" onClick=${() => go(-1)} aria-label="Página anterior">◂</button>
          <button type="button" onClick=${() => pause(!paused)}>${paused ? "Seguir" : "Pausar"}</button>
          <button type="button" onClick=${() => go(1)} aria-label="Página siguiente">▸</button>
        </div>
      </div>
    </div>
  `;
}

/** @param {number} alerts how many are not shown */
function others(alerts) {
  if (alerts < 1) return "";
  return alerts === 1 ? " Y un aviso más." : ` Y ${alerts} avisos más.`;
}

/**
 * @param {WallBoard} board
 * @returns {{ title: string, body: unknown }[]}
 */
function pagesOf(board) {
  const queues = Array.from({ length: Math.ceil(board.queues.length / QUEUES_A_PAGE) }, (_, at) =>
    board.queues.slice(at * QUEUES_A_PAGE, (at + 1) * QUEUES_A_PAGE),
  );
  return [
    { title: "Ahora", body: html`<${Cards} board=${board} />` },
    ...queues.map((rows) => ({ title: "Colas", body: html`<${Queues} rows=${rows} />` })),
    { title: "Asesores", body: html`<${Advisers} board=${board} />` },
    { title: "El día", body: html`<${Sum} board=${board} />` },
  ];
}

/** @param {{ board: WallBoard }} props */
function Cards({ board }) {
  const { current } = usePage();
  return html`
    <ul class="tiles">
      ${board.cards.map(
        (card) => html`
          <li key=${card.id} class="tile ${(current && card.state) || ""}">
            <h2>${card.title}</h2>
            <p class="number"><${Figure} figure=${card} plain /></p>
            <p class="detail"><${State} level=${card.state} /> ${card.state && card.detail && "· "}${card.detail}</p>
          </li>
        `,
      )}
    </ul>
  `;
}

/** @param {{ rows: QueueRow[] }} props */
function Queues({ rows }) {
  return html`
    <table class="queues">
      <thead>
        <tr>
          <th scope="col">Cola</th>
          <th scope="col" class="number">En espera</th>
          <th scope="col" class="number">Espera más larga</th>
          <th scope="col" class="number minor">Libres</th>
          <th scope="col" class="number">Nivel de servicio</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) => html`
            <tr key=${row.name}>
              <th scope="row">${row.name}</th>
              <td class="number"><${Figure} figure=${row.waiting} /></td>
              <td class="number"><${Figure} figure=${row.longest_wait} /></td>
              <td class="number minor"><${Figure} figure=${row.advisers} /></td>
              <td class="number"><${Figure} figure=${row.service_level} /></td>
            </tr>
          `,
        )}
      </tbody>
    </table>
  `;
}

/** @param {{ board: WallBoard }} props */
function Advisers({ board }) {
  return html`
    <ul class="tiles">
      ${board.advisers_by_state.map(
        ({ state, word, shown }) => html`
          <li key=${state} class="tile">
            <h2><${Icon} of=${state} /> ${word}</h2>
            <p class="number">${shown}</p>
          </li>
        `,
      )}
    </ul>
  `;
}

/** @param {{ board: WallBoard }} props */
function Sum({ board }) {
  const parts = board.identity.parts.filter(({ count }, place) => place === 0 || count !== 0);
  return html`
    <ul class="tiles">
      ${parts.map(
        ({ id, word, shown }, place) => html`
          <li key=${id} class="tile">
            <h2>${word}</h2>
            <p class="number">${shown}</p>
            <p class="detail">${place === 0 && (board.identity.balances ? "Cuadra: es la suma de las demás" : "■ No cuadra")}</p>
          </li>
        `,
      )}
    </ul>
  `;
}

function start() {
  const root = document.getElementById("pared");
  const status = document.getElementById("dicho");
  if (!root || !status) return;
  const { stream = "", timezone = "" } = root.dataset;
  const watch = new Watch(stream);
  const zone = new Zone(timezone);
  tellChanges(watch, zone, new Announcer(status), new Sound());
  render(html`<${Wall} watch=${watch} zone=${zone} />`, root);
  addEventListener("online", () => watch.retry());
  addEventListener("pagehide", () => watch.feed.close());
  addEventListener("pageshow", ({ persisted }) => persisted && watch.live());
  watch.live();
}

start();
