import { html } from "htm/preact";
import { render } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";
import { Advisers } from "./advisers.js";
import { tellChanges } from "./alarms.js";
import { Announcer } from "./announcer.js";
import { Balance } from "./balance.js";
import { Banner, warning } from "./banner.js";
import { Cards } from "./cards.js";
import { Day } from "./day.js";
import { Help } from "./help.js";
import { Notices } from "./notices.js";
import { PageContext, usePage, useWatched } from "./page.js";
import { Queues } from "./queues.js";
import { Rewind } from "./rewind.js";
import { onKeys } from "./shortcuts.js";
import { Sound } from "./sound.js";
import { Strip } from "./strip.js";
import { showTips } from "./tips.js";
import { Waiting } from "./waiting.js";
import { Watch } from "./watch.js";
import { AskWhy, WhyDialog } from "./why.js";
import { Zone } from "./zone.js";

/**
 * @typedef {import("./view.d.ts").Board} Board
 * @typedef {import("./view.d.ts").Figure} Figure
 */

const KEYS = "contesta.atajos";

/**
 * @param {object} props
 * @param {Watch<Board>} props.watch
 * @param {Zone} props.zone
 * @param {Sound} props.sound
 * @param {string} props.day address of the day by quarter hours
 * @param {string} props.keys "si" if whoever is here wants shortcuts
 * @param {boolean} props.listen whether whoever is here may listen to conversations
 */
function App({ watch, zone, sound, day, keys: wanted, listen }) {
  useWatched(watch);
  const [sounds, hearSounds] = useState(false);
  const [choosing, choose] = useState(false);
  const [helping, help] = useState(false);
  const [asked, askWhy] = useState(/** @type {Figure | null} */ (null));
  const [keys, setKeys] = useState(() => (localStorage.getItem(KEYS) ?? wanted) === "si");

  const turnSound = () => {
    sound.turn();
    hearSounds(sound.on);
  };
  const back = () => {
    choose(false);
    if (watch.moment) visit("");
  };
  /** @param {string} moment */
  const visit = (moment) => {
    history.pushState(null, "", moment ? `?${new URLSearchParams({ momento: moment })}` : location.pathname);
    followAddress(watch);
  };
  const shortcuts = [
    { key: "c", does: "Ir a las colas", act: () => goTo("colas") },
    { key: "e", does: "Ir a quienes esperan", act: () => goTo("espera") },
    { key: "a", does: "Ir a los asesores", act: () => goTo("asesores") },
    { key: "d", does: "Ir al día por cuartos de hora", act: () => goTo("dia") },
    { key: "m", does: "Ver otro momento", act: () => choose(true) },
    { key: "v", does: "Volver a ahora", act: back },
    { key: "s", does: "Encender o apagar el sonido", act: turnSound },
    { key: "?", does: "Ver esta ayuda", act: () => help(true) },
  ];
  useLayoutEffect(() => (keys ? onKeys(shortcuts) : undefined));
  /** @param {boolean} on */
  const turnKeys = (on) => {
    localStorage.setItem(KEYS, on ? "si" : "no");
    setKeys(on);
  };

  const { board } = watch;
  return html`
    <${PageContext.Provider} value=${{ watch, zone, links: true, listen }}>
      <${AskWhy.Provider} value=${askWhy}>
        <${Banner} said=${warning(watch, zone)} />
        ${
          board
            ? html`
          <div class="board ${watch.freshness}" aria-busy=${watch.seeking}>
            <${Strip}
              board=${board} sounds=${sounds} rewinding=${choosing || Boolean(watch.moment)}
              turnSound=${turnSound} turnRewind=${() => choose(!choosing)} help=${() => help(true)} />
            ${(choosing || watch.moment) && html`<${Rewind} go=${visit} back=${back} />`}
            <${Notices} alerts=${board.alerts} notices=${board.notices} />
            <${Cards} cards=${board.cards} />
            <${Balance} balance=${board.identity} />
            <div class="columns">
              <${Queues} queues=${board.queues} />
              <${Waiting} callers=${board.waiting} />
              <${Advisers} advisers=${board.advisers} states=${board.advisers_by_state} />
            </div>
            <${Day} address=${day} />
          </div>`
            : html`<${Nothing} go=${visit} back=${back} />`
        }
        ${asked && html`<${WhyDialog} figure=${asked} close=${() => askWhy(null)} />`}
        ${helping && board && html`<${Help} board=${board} shortcuts=${shortcuts} keys=${keys} turnKeys=${turnKeys} close=${() => help(false)} />`}
      <//>
    <//>
  `;
}

/**
 * Shown until there is a board.
 *
 * @param {{ go: (moment: string) => void, back: () => void }} props
 */
function Nothing({ go, back }) {
  const { watch } = usePage();
  if (watch.ended) return html`<h1>Tablero</h1>`;
  return html`
    <h1>Tablero</h1>
    ${watch.moment && html`<${Rewind} go=${go} back=${back} />`}
    ${!watch.moment && watch.retryAt && html`<p class="empty">${watch.refused || "El servidor no responde. Compruebe la red."} El tablero aparece solo cuando vuelva.</p>`}
    ${!watch.problem && !watch.retryAt && html`<${Skeleton} />`}
  `;
}

function Skeleton() {
  return html`
    <p class="visually-hidden">Cargando el tablero…</p>
    <ul class="cards" aria-hidden="true">${Array.from({ length: 6 }, (_, place) => html`<li key=${place} class="card skeleton" />`)}</ul>
    <div class="panel skeleton tall" aria-hidden="true" />
  `;
}

/** @param {string} id of a part of the page */
function goTo(id) {
  const part = document.getElementById(id);
  part?.focus();
  part?.scrollIntoView({ block: "start" });
}

/** @param {Watch<Board>} watch */
function followAddress(watch) {
  const moment = new URLSearchParams(location.search).get("momento") ?? "";
  if (moment) void watch.rewind(moment);
  else watch.live();
}

function start() {
  const root = document.getElementById("tablero");
  const status = document.getElementById("dicho");
  if (!root || !status) return;
  const { stream = "", boards = "", day = "", timezone = "", listen = "", keys = "" } = root.dataset;
  /** @type {Watch<Board>} */
  const watch = new Watch(stream, boards);
  const zone = new Zone(timezone);
  const sound = new Sound();
  tellChanges(watch, zone, new Announcer(status), sound);
  showTips(root);
  root.replaceChildren();
  render(
    html`<${App} watch=${watch} zone=${zone} sound=${sound} day=${day} keys=${keys} listen=${listen === "si"} />`,
    root,
  );
  addEventListener("popstate", () => followAddress(watch));
  addEventListener("online", () => watch.retry());
  addEventListener("pagehide", () => watch.feed.close());
  addEventListener("pageshow", ({ persisted }) => persisted && followAddress(watch));
  followAddress(watch);
}

start();
