import { html } from "htm/preact";
import { render } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Announcer } from "./announcer.js";
import { ask } from "./ask.js";
import { Dispose } from "./dispose.js";
import { dayAndHour } from "./hours.js";
import { send } from "./send.js";

/**
 * @typedef {import("./view.d.ts").DeskNow} DeskNow
 * @typedef {import("./view.d.ts").ContactTold} Contact
 * @typedef {import("./view.d.ts").Agenda} Agenda
 */

const DESK = "/api/v1/desk";
const SILENCE_MS = 5_000;
const AGENDA_MS = 20_000;

/** @type {Record<string, string>} */
const STATES = {
  available: "● Disponible",
  ringing: "▲ Le suena el teléfono",
  talking: "● En conversación",
  paused: "▲ En pausa",
  signed_out: "◌ Desconectado",
};
/** @type {Record<string, string>} */
const PHASES = {
  ringing: "Llama ahora",
  talking: "En conversación",
  wrap_up: "Por tipificar",
  late: "Por tipificar, sin pausa",
};
const WHEN = /** @type {const} */ ([
  ["overdue", "Vencidas"],
  ["now", "Ahora"],
  ["today", "Hoy"],
]);

/** @param {number} ms */
function lasting(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = String(seconds % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/**
 * @param {object} props
 * @param {string} props.zone
 * @param {boolean} props.keys
 * @param {Announcer} props.announcer
 */
function Desk({ zone, keys, announcer }) {
  const [now, setNow] = useState(/** @type {DeskNow | null} */ (null));
  const [agenda, setAgenda] = useState(/** @type {Agenda | null} */ (null));
  const [contact, setContact] = useState(/** @type {Contact | null} */ (null));
  const [chosen, choose] = useState("");
  const [said, say] = useState("");
  const [problem, fail] = useState("");
  const [ended, end] = useState("");
  const [clock, tick] = useState(() => Date.now());
  const heardAt = useRef(Date.now());
  const skew = useRef(0);

  const open = chosen || now?.contact?.channel || "";

  /** @param {Promise<{ said: string }>} doing */
  const tell = async (doing) => {
    try {
      const done = await doing;
      say(done.said);
      fail("");
      announcer.say(done.said);
      await look();
    } catch (error) {
      fail(error instanceof Error ? error.message : String(error));
    }
  };
  const look = async () => {
    try {
      setAgenda(await ask(`${DESK}/agenda`, {}));
    } catch (error) {
      fail(error instanceof Error ? error.message : String(error));
    }
  };

  useEffect(() => {
    const source = new EventSource(`${DESK}/stream`);
    source.addEventListener("desk", (event) => {
      heardAt.current = Date.now();
      setNow(JSON.parse(event.data));
    });
    source.addEventListener("heartbeat", (event) => {
      heardAt.current = Date.now();
      skew.current = Date.parse(JSON.parse(event.data).at) - Date.now();
    });
    source.addEventListener("end", (event) => {
      const told = JSON.parse(event.data);
      if (!told.again) {
        source.close();
        end(told.reason);
      }
    });
    void look();
    const ticking = setInterval(() => tick(Date.now()), 1_000);
    const looking = setInterval(() => void look(), AGENDA_MS);
    return () => {
      source.close();
      clearInterval(ticking);
      clearInterval(looking);
    };
  }, []);

  useEffect(() => {
    let current = true;
    if (!open) setContact(null);
    else
      ask(`${DESK}/contacts/${encodeURIComponent(open)}`, {}).then(
        (/** @type {Contact} */ found) => {
          if (!current) return;
          setContact(found);
          announcer.say(`${PHASES[now?.contact?.phase ?? "late"]}: ${found.number}.`);
        },
        (/** @type {Error} */ error) => fail(error.message),
      );
    return () => {
      current = false;
    };
  }, [open]);

  const phaseNow = now?.contact?.phase;
  useEffect(() => {
    if (!contact?.surveys.some(({ refused }) => refused)) return;
    // The authorisation may have been given since: what is told anew is shown, and what is being written stays.
    ask(`${DESK}/contacts/${encodeURIComponent(contact.channel)}`, {}).then(
      (/** @type {Contact} */ found) => setContact((shown) => (shown?.channel === found.channel ? found : shown)),
      (/** @type {Error} */ error) => fail(error.message),
    );
  }, [phaseNow]);

  useEffect(() => {
    if (now?.contact) choose("");
  }, [now?.contact?.channel]);

  const stale = clock - heardAt.current > SILENCE_MS;
  const phase = now?.contact && now.contact.channel === open ? now.contact.phase : "late";
  const at = clock + skew.current;
  if (ended) return html`<p class="fault" role="alert">${ended}</p>`;
  return html`
    <h1>Puesto de ${now?.agent ?? ""}</h1>
    <${State} now=${now} at=${at} stale=${stale} reasons=${agenda?.reasons ?? []}
      pause=${(/** @type {string} */ reason) => void tell(send("POST", `${DESK}/pause`, { reason }))}
      ready=${() => void tell(send("POST", `${DESK}/ready`, {}))} />
    ${problem && html`<p class="fault" role="alert">${problem}</p>`}
    ${said && html`<p class="sentence">${said}</p>`}
    <div class="columns">
      <section aria-labelledby="quien">
        <h2 id="quien">${contact ? PHASES[phase] : "Nadie llama ahora"}</h2>
        ${
          contact
            ? html`<${Who} contact=${contact} zone=${zone} />
                <${Dispose} key=${contact.channel} contact=${contact} zone=${zone} keys=${keys} phase=${phase}
                  saved=${(/** @type {string} */ words) => {
                    say(words);
                    fail("");
                    announcer.say(words);
                    choose("");
                    setContact(null);
                    void look();
                  }} />`
            : html`<p class="empty">Cuando suene su teléfono verá aquí quién llama y por qué.</p>`
        }
      </section>
      <section aria-labelledby="agenda">
        <h2 id="agenda">Agenda</h2>
        ${
          agenda &&
          html`<${Today} agenda=${agenda} zone=${zone} inside=${now?.queues ?? []}
            open=${choose}
            queue=${(/** @type {string} */ name, /** @type {string} */ what) => void tell(send("POST", `${DESK}/queues/${encodeURIComponent(name)}/${what}`, {}))}
            call=${(/** @type {string} */ id) => void tell(send("POST", `${DESK}/callbacks/${id}/call`, {}))} />`
        }
      </section>
    </div>
  `;
}

/**
 * @param {object} props
 * @param {DeskNow | null} props.now
 * @param {number} props.at
 * @param {boolean} props.stale
 * @param {string[]} props.reasons
 * @param {(reason: string) => void} props.pause
 * @param {() => void} props.ready
 */
function State({ now, at, stale, reasons, pause, ready }) {
  const [reason, choose] = useState("");
  const unknown = !now || stale || !now.connected;
  const wrapping = now?.contact?.phase === "wrap_up" && now.state !== "talking";
  const state = unknown ? "unknown" : wrapping ? "wrap_up" : (now.state ?? "unknown");
  const word = unknown
    ? stale
      ? "◌ Sin señal del servidor"
      : "◌ Central sin conexión"
    : wrapping
      ? "▲ Tipificando"
      : (STATES[now.state ?? ""] ?? "◌ Sin datos de su teléfono");
  const since = wrapping ? now?.contact?.since : now?.since;
  const until = wrapping ? now?.contact?.until : null;
  return html`
    <section class="own-state" aria-label="Mi estado">
      <span class="doing ${state}">${word}${!unknown && !wrapping && now.reason ? `: ${now.reason}` : ""}</span>
      <span class="time">${unknown || !since ? "–" : lasting(at - Date.parse(since))}</span>
      ${until && html`<span>Quedan ${lasting(Date.parse(until) - at)} para tipificar</span>`}
      <span class="act">
        ${now?.state === "paused" || wrapping ? html`<button type="button" onClick=${ready}>Disponible</button>` : null}
        <label>
          <span class="visually-hidden">Motivo de la pausa</span>
          <select value=${reason} onChange=${(/** @type {Event & { currentTarget: HTMLSelectElement }} */ event) => choose(event.currentTarget.value)}>
            <option value="">Motivo de la pausa</option>
            ${reasons.map((each) => html`<option key=${each} value=${each}>${each}</option>`)}
          </select>
        </label>
        <button type="button" class="quiet" disabled=${!reason} onClick=${() => pause(reason)}>Pausar</button>
      </span>
    </section>
  `;
}

/** @param {{ contact: Contact, zone: string }} props */
function Who({ contact, zone }) {
  const behind = contact.callback;
  return html`
    <p class="who"><strong>${contact.number}</strong> · ${contact.line} · cola ${contact.queue}${contact.language === "es" ? "" : ` · idioma ${contact.language}`}</p>
    ${contact.claimed && html`<p><span class="claim">▲ Reclamo en trámite</span> sobre los datos de esta persona.</p>`}
    ${contact.path && contact.path !== "–" && html`<p>Marcó: ${contact.path}</p>`}
    ${
      behind &&
      html`
        <h3>Devolución ${behind.number}: ${behind.source_word}</h3>
        <p>Intento ${behind.attempt} de ${behind.attempts}.${behind.name && ` ${behind.name}.`}${behind.company && ` ${behind.company}.`}</p>
        ${behind.subject && html`<p>Asunto: ${behind.subject}</p>`}
        ${behind.description && html`<p>${behind.description}</p>`}
        ${behind.recordings.map((address, place) => html`<audio key=${address} controls preload="none" src=${address} aria-label="Mensaje ${place + 1} del ciudadano"></audio>`)}
      `
    }
    <h3>Antes</h3>
    ${
      contact.calls.length + contact.callbacks.length === 0
        ? html`<p>No hay llamadas anteriores de este número.</p>`
        : html`
          <ul class="plain">
            ${contact.calls.map(
              (each) => html`
                <li key=${each.at}>
                  ${each.call ? html`<a href="/llamadas/${encodeURIComponent(each.call)}">${dayAndHour(each.at, zone)}</a>` : dayAndHour(each.at, zone)}: ${each.outcome}
                  <span class="said">${each.line} · ${each.adviser} · ${each.disposition}</span>
                </li>`,
            )}
            ${contact.callbacks.map(
              (each) => html`
                <li key=${each.number}>
                  ${dayAndHour(each.asked_at, zone)}: devolución ${each.number}, ${each.outcome}
                  <span class="said">${each.source}${each.subject && ` · ${each.subject}`}</span>
                </li>`,
            )}
          </ul>`
    }
  `;
}

/**
 * @param {object} props
 * @param {Agenda} props.agenda
 * @param {string} props.zone
 * @param {(channel: string) => void} props.open
 * @param {(id: string) => void} props.call
 * @param {string[]} props.inside
 * @param {(name: string, what: string) => void} props.queue
 */
function Today({ agenda, zone, inside, open, call, queue }) {
  return html`
    ${WHEN.map(([when, title]) => {
      const lines = agenda.callbacks.filter((each) => each.when === when);
      return html`
        <h3 key=${when}>${title} (${lines.length})</h3>
        <ul class="plain">
          ${lines.map(
            (each) => html`
              <li key=${each.id}>
                <strong>${each.telephone}</strong> · ${dayAndHour(each.owner ? each.promised_at : each.due_at, zone)}${each.mine ? " · ● Usted la prometió" : each.owner && ` · La prometió ${each.owner}`}
                ${each.claimed && html` <span class="claim">▲ Reclamo en trámite</span>`}
                <span class="said">${each.source}${each.subject && ` · ${each.subject}`} · intento ${each.attempt} de ${each.attempts} · ${each.number}</span>
                ${
                  each.refused
                    ? html`<span class="said">No se puede llamar: ${each.refused}.</span>`
                    : html`<button type="button" class="quiet" onClick=${() => call(each.id)}>Llamar<span class="visually-hidden"> a ${each.telephone}</span></button>`
                }
              </li>`,
          )}
        </ul>
      `;
    })}
    <h3>Sin tipificar (${agenda.unfinished.length})</h3>
    <ul class="plain">
      ${agenda.unfinished.map(
        (each) => html`
          <li key=${each.channel}>
            <button type="button" class="quiet" onClick=${() => open(each.channel)}>Tipificar ${each.number}</button>
            <span class="said">Terminó ${dayAndHour(each.ended_at, zone)} · cola ${each.queue}</span>
          </li>`,
      )}
    </ul>
    ${
      agenda.queues.length > 1 &&
      html`
        <h3>Mis colas</h3>
        <ul class="plain">
          ${agenda.queues.map(
            (each) => html`
              <li key=${each.name}>
                <strong>${each.title}</strong> · ${inside.includes(each.name) ? "● Recibe sus llamadas" : "◌ No recibe sus llamadas"}
                <span class="said">${each.line}${each.fixed ? " · fija por la línea" : ""}</span>
                ${
                  each.fixed
                    ? null
                    : html`<button type="button" class="quiet" onClick=${() => queue(each.name, inside.includes(each.name) ? "leave" : "join")}>${inside.includes(each.name) ? "Salir" : "Entrar"}<span class="visually-hidden">${inside.includes(each.name) ? " de" : " a"} la cola ${each.title}</span></button>`
                }
              </li>`,
          )}
        </ul>`
    }
  `;
}

const root = document.getElementById("puesto");
const status = document.getElementById("dicho");
if (root && status) {
  const { zone = "America/Bogota", keys } = root.dataset;
  root.replaceChildren();
  render(html`<${Desk} zone=${zone} keys=${keys === "si"} announcer=${new Announcer(status)} />`, root);
}
