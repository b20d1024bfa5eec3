import { html } from "htm/preact";
import { options, render } from "preact";
import { useEffect, useLayoutEffect, useReducer, useRef, useState } from "preact/hooks";
import { Announcer } from "./announcer.js";
import { ask } from "./ask.js";
import { onDeskKeys } from "./desk_keys.js";
import { Draft } from "./draft.js";
import { KeyMap } from "./key_map.js";
import { Lanes, SpanTable } from "./lanes.js";
import { LiveConversation } from "./live_audit.js";
import { Marks, Results } from "./marks.js";
import { Player } from "./player.js";
import { shown } from "./seconds.js";
import { send } from "./send.js";

/**
 * @typedef {import("./view.d.ts").Desk} Desk
 * @typedef {import("./view.d.ts").Lanes} Drawn
 * @typedef {import("./view.d.ts").Evidence} Evidence
 * @typedef {import("./view.d.ts").Mark} Mark
 */

const KEYS = "contesta.atajos";
const PREFERENCES = "/api/v1/desk-preferences";
const BEFORE_SECONDS = 1;

// Drawn at once, so that the next key finds what the last one made.
options.debounceRendering = (draw) => draw();

/**
 * @param {object} props
 * @param {string} props.address
 * @param {Desk} props.desk
 * @param {Draft} props.draft
 * @param {Player} props.player
 * @param {Announcer} props.announcer
 * @param {string} props.keys "si" if whoever is here wants keys
 */
function App({ address, desk, draft, player, announcer, keys: singleWanted }) {
  const [, redraw] = useReducer((/** @type {number} */ times) => times + 1, 0);
  const [drawn, setDrawn] = useState(/** @type {Drawn | null} */ (null));
  const [measured, setMeasured] = useState(/** @type {Evidence | null} */ (null));
  const [unmeasured, setUnmeasured] = useState("");
  const [wanted, want] = useState(desk.wanted);
  const [showing, showEvidence] = useState(true);
  const marked = useRef(draft.missing.length === 0);
  marked.current ||= draft.missing.length === 0;
  const held = wanted.evidence_last && !marked.current;
  const evidence = showing && !held ? measured : null;
  const [helping, help] = useState(false);
  const [problem, say] = useState("");
  const [single, setSingle] = useState(() => (localStorage.getItem(KEYS) ?? singleWanted) === "si");
  const numbers = draft.subitems.map(({ number }) => number);
  const [current, choose] = useState(() => draft.missing[0] ?? numbers[0] ?? "");
  const delivering = useRef(false);
  const liveSecond = useRef(() => /** @type {number | null} */ (null));
  const second = () => (player.usable ? rounded(player.time) : liveSecond.current());

  useEffect(() => {
    draft.onChange = () => redraw(undefined);
    const ended = player.onChange(() => redraw(undefined));
    if (desk.lanes) {
      ask(desk.lanes, {}).then(
        (/** @type {Drawn} */ lanes) => setDrawn(lanes),
        (/** @type {Error} */ error) => say(error.message),
      );
    }
    if (desk.evidence) {
      ask(desk.evidence, {}).then(
        (/** @type {Evidence} */ found) => setMeasured(found),
        (/** @type {Error} */ error) => setUnmeasured(error.message),
      );
    }
    return () => {
      ended();
    };
  }, []);

  /** @param {string} number */
  const goTo = (number) => {
    choose(number);
    const row = document.getElementById(`sub-${number}`);
    row?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: "nearest" });
  };
  /** @param {number} steps */
  const move = (steps) => {
    const place = numbers.indexOf(current) + steps;
    goTo(numbers[Math.min(Math.max(0, place), numbers.length - 1)] ?? current);
  };
  /**
   * @param {string} number
   * @param {Mark} name
   */
  const mark = (number, name) => {
    const seconds = name === "fails" ? (draft.findings.get(number)?.seconds ?? second()) : null;
    draft.set(number, { mark: name, seconds });
    say("");
    if (name === "fails") {
      choose(number);
      document.getElementById(`nota-${number}`)?.focus();
    }
  };
  /** @param {Mark} name */
  const markHere = (name) => {
    mark(current, name);
    if (name !== "fails") move(1);
  };
  const markTime = () => {
    if (draft.findings.get(current)?.mark === "fails") draft.set(current, { seconds: second() });
    else mark(current, "fails");
  };
  /** @param {number} seconds */
  const hear = (seconds) => {
    player.to(Math.max(0, seconds - BEFORE_SECONDS));
    player.play();
  };
  const moments = [
    ...desk.events.flatMap(({ seconds }) => (seconds === null ? [] : [seconds])),
    ...(evidence ? evidence.spans.map(({ start }) => start) : []),
  ].sort((one, other) => one - other);
  const nextMoment = () => {
    const next = moments.find((seconds) => seconds > player.time + BEFORE_SECONDS + 0.1);
    if (next === undefined) announcer.say("No hay más momentos después de este.");
    else hear(next);
  };
  const hearRecording = async () => {
    await draft.flush();
    if (!draft.problem) location.reload();
  };
  const turnEvidence = () => {
    if (held) announcer.say("Lo medido se muestra cuando todo esté marcado.");
    else showEvidence(!showing);
  };
  /** @type {(keys: import("./view.d.ts").KeyOf[], evidenceLast: boolean) => Promise<void>} */
  const keepWanted = async (chosen, evidenceLast) => {
    const told = {
      keys: chosen.map(({ action, keys: [key = ""] }) => ({ action, key })),
      evidence_last: evidenceLast,
    };
    want(/** @type {import("./view.d.ts").DeskWanted} */ (await send("PUT", PREFERENCES, told)));
  };
  const undo = () => {
    const number = draft.undo();
    if (number) goTo(number);
  };
  const deliver = async () => {
    if (delivering.current) return;
    const [missing, unexplained] = [draft.missing, draft.unexplained];
    const first = missing[0] ?? unexplained[0];
    if (first) {
      say(
        missing.length
          ? `Faltan ${missing.length} subítems por marcar; el primero es el ${first}.`
          : `La falla del ${first} necesita una nota que diga qué pasó.`,
      );
      goTo(first);
      return;
    }
    delivering.current = true;
    try {
      await draft.flush();
      if (draft.problem) throw new Error(draft.problem);
      const told = /** @type {import("./view.d.ts").Delivered} */ (await send("POST", `${address}/deliver`, {}));
      location.assign(told.next);
    } catch (error) {
      delivering.current = false;
      say(error instanceof Error ? error.message : String(error));
    }
  };

  /** @type {Record<import("./view.d.ts").DeskAction, () => void>} */
  const acts = {
    play: () => player.toggle(),
    back_1: () => player.by(-1),
    forward_1: () => player.by(1),
    back_15: () => player.by(-15),
    forward_15: () => player.by(15),
    back_5: () => player.by(-5),
    forward_5: () => player.by(5),
    slower: () => player.change(-1),
    faster: () => player.change(1),
    loop_begin: () => player.loopBegin(),
    loop_end: () => player.loopEnd(),
    again: () => {
      player.by(-5);
      player.play();
    },
    next_moment: nextMoment,
    up: () => move(-1),
    down: () => move(1),
    complies: () => markHere("complies"),
    fails: () => markHere("fails"),
    not_applicable: () => markHere("not_applicable"),
    mark_time: markTime,
    evidence: turnEvidence,
    deliver: () => void deliver(),
    undo,
    help: () => help(true),
  };
  const keys = wanted.keys.map(({ action, keys: pressed }) => ({
    keys: pressed,
    inText: action === "deliver",
    act: acts[action],
  }));
  useLayoutEffect(() => onDeskKeys(keys, single));
  /** @param {boolean} on */
  const turnKeys = (on) => {
    localStorage.setItem(KEYS, on ? "si" : "no");
    setSingle(on);
  };

  const flags = [...draft.findings].flatMap(([number, { mark: name, seconds }]) =>
    name === "fails" && seconds !== null ? [{ number, seconds }] : [],
  );
  return html`
    <div class="desk-head">
      <h1>${desk.title}</h1>
      ${desk.place && html`<p class="place"><span class="visually-hidden">Va en la </span>${desk.place}</p>`}
      <button type="button" class="quiet" onClick=${() => help(true)}>Teclas</button>
    </div>
    <p class="help">${desk.why} Matriz ${desk.matrix}.${desk.reason && ` Reemplaza a otra: ${desk.reason}`}</p>
    <${Results} categories=${desk.categories} draft=${draft} />
    ${(problem || draft.problem || player.problem) && html`<p class="fault" role="alert">${problem || draft.problem || player.problem}</p>`}
    <div class="desk">
      <section class="heard" aria-label="Grabación" tabindex="0">
        ${
          player.usable
            ? html`
          <${Lanes} drawn=${drawn} player=${player} flags=${flags} evidence=${evidence} />
          <div class="controls">
            <button type="button" onClick=${() => player.toggle()}>${player.playing ? "Parar" : "Oír"}</button>
            <button type="button" class="quiet" onClick=${() => player.by(-5)}>−5 s</button>
            <button type="button" class="quiet" onClick=${() => player.by(5)}>+5 s</button>
            <span class="time">${shown(player.time)} / ${shown(drawn?.duration_seconds || player.duration)}</span>
            <button type="button" class="quiet" aria-label="Más despacio" onClick=${() => player.change(-1)}>−</button>
            <span class="speed">${String(player.speed).replace(".", ",")}×</span>
            <button type="button" class="quiet" aria-label="Más rápido" onClick=${() => player.change(1)}>+</button>
            <label class="choice"><input type="checkbox" checked=${showing && !held} disabled=${held} onChange=${turnEvidence} /> Mostrar lo medido</label>
          </div>
          ${evidence && html`<${SpanTable} spans=${evidence.spans} hear=${hear} />`}
          ${held && html`<p class="help">Lo medido se muestra cuando todo esté marcado. Así lo pidió en «Teclas».</p>`}
          ${showing && !held && !evidence && html`<p class="help">${unmeasured || "Midiendo la grabación…"}</p>`}`
            : desk.live?.going_on
              ? html`<${LiveConversation} live=${desk.live} announcer=${announcer} clock=${liveSecond} hear=${() => void hearRecording()} />`
              : html`<p class="gap">${desk.silent_because}</p>`
        }
        <h2>El contacto</h2>
        <dl>${desk.facts.map(({ title, text }) => html`<div key=${title}><dt>${title}</dt><dd>${text}</dd></div>`)}</dl>
        <h2 id="pasos">Paso a paso</h2>
        <ol class="steps" role="list" aria-labelledby="pasos">
          ${desk.events.map(
            ({ hour, seconds, actor, fact }, place) => html`
            <li key=${place}>
              ${seconds !== null && player.usable ? html`<button type="button" class="quiet" onClick=${() => hear(seconds)}>▶ ${shown(seconds)}</button>` : html`<span class="no-second">${hour}</span>`}
              <span><strong>${actor}</strong> ${fact}</span>
            </li>`,
          )}
        </ol>
      </section>
      <section class="matrix" aria-label="Matriz">
        <${Marks} categories=${desk.categories} draft=${draft} current=${current} mark=${mark} choose=${choose} hear=${hear} />
        <label class="whole-note">Nota de la auditoría
          <textarea rows="3" maxlength="1000" value=${draft.note}
            onInput=${(/** @type {{ currentTarget: HTMLTextAreaElement }} */ { currentTarget }) => draft.write(currentTarget.value)} />
        </label>
        <div class="deliver">
          <button type="button" onClick=${() => void deliver()}>Entregar la auditoría</button>
          <span class="saved">${draft.missing.length ? `Faltan ${draft.missing.length}. ` : ""}${draft.status}</span>
        </div>
      </section>
    </div>
    ${helping && html`<${KeyMap} wanted=${wanted} keep=${keepWanted} single=${single} turn=${turnKeys} close=${() => help(false)} />`}
  `;
}

/** @param {number} seconds */
function rounded(seconds) {
  return Math.round(seconds * 10) / 10;
}

async function start() {
  const root = document.getElementById("mesa");
  const status = document.getElementById("dicho");
  if (!root || !status) return;
  const { audit = "", keys = "" } = root.dataset;
  const announcer = new Announcer(status);
  /** @type {Desk} */
  let desk;
  try {
    desk = await ask(audit, {});
  } catch (error) {
    const said = root.appendChild(document.createElement("p"));
    said.className = "fault";
    said.setAttribute("role", "alert");
    said.textContent = error instanceof Error ? error.message : String(error);
    return;
  }
  const draft = new Draft(audit, desk);
  const player = new Player(desk.recording);
  root.replaceChildren();
  render(
    html`<${App} address=${audit} desk=${desk} draft=${draft} player=${player} announcer=${announcer} keys=${keys} />`,
    root,
  );
  document.getElementById(`sub-${draft.missing[0] ?? ""}`)?.focus({ preventScroll: true });
  addEventListener("beforeunload", (event) => {
    if (draft.changed) event.preventDefault();
  });
}

void start();
