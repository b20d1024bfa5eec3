import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { dayAndHour, dayInWords } from "./hours.js";
import { send } from "./send.js";
import { onKeys } from "./shortcuts.js";
import { answersOf, Survey } from "./survey.js";

/**
 * @typedef {import("./view.d.ts").ContactTold} Contact
 * @typedef {import("./view.d.ts").ChoiceTold} Choice
 */

const PAUSE_MS = 500;
const KEYS = 9;
/** @type {Record<string, string>} */
const RESOLUTIONS = { solved: "Solucionada", escalated: "Escalada", other: "" };

/** @param {string} text */
function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/**
 * What is written about a conversation. It is kept on the server a moment after each change.
 *
 * @param {object} props
 * @param {Contact} props.contact
 * @param {string} props.zone
 * @param {boolean} props.keys
 * @param {string} props.phase
 * @param {(said: string) => void} props.saved
 */
export function Dispose({ contact, zone, keys, phase, saved }) {
  const last = contact.words.findLast((word) => word.disposition);
  const [written, write] = useState({
    disposition: contact.draft.disposition || (last?.disposition ?? ""),
    note: contact.draft.note || (last?.note ?? ""),
    solution: contact.draft.solution || (last?.solution ?? ""),
    answers: answersOf(contact),
  });
  const [again, setAgain] = useState("");
  const [alone, leaveAlone] = useState(false);
  const [wanted, search] = useState("");
  const [kept, setKept] = useState("");
  const [problem, fail] = useState("");
  const timer = useRef(0);
  const latest = useRef(written);
  const changed = useRef(false);
  const saving = useRef(false);
  const keeping = useRef(Promise.resolve());
  const address = `/api/v1/desk/contacts/${encodeURIComponent(contact.channel)}`;

  /** One after the other, so that what was written last is what is kept. */
  const keep = () => {
    keeping.current = keeping.current.then(keepNow);
    return keeping.current;
  };
  const keepNow = async () => {
    if (!changed.current) return;
    changed.current = false;
    try {
      await send("PUT", `${address}/draft`, sent());
      setKept(changed.current ? "Sin guardar" : "Borrador guardado");
    } catch (error) {
      changed.current = true;
      setKept("Sin guardar");
      fail(error instanceof Error ? error.message : String(error));
    }
  };
  const openSurveys = contact.surveys.some(({ refused }) => !refused);
  /** What is sent: nothing of surveys where none may be answered. */
  const sent = () => ({ ...latest.current, answers: openSurveys ? latest.current.answers : null });
  /**
   * @param {Partial<typeof written>} change
   * @param {number} [pause] ms until it is kept
   */
  const edit = (change, pause = PAUSE_MS) => {
    latest.current = { ...latest.current, ...change };
    changed.current = true;
    write(latest.current);
    setKept("Sin guardar");
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => void keep(), pause);
  };
  /**
   * @param {string} survey
   * @param {string} question
   * @param {number | string | null} answer
   */
  const answer = (survey, question, answer) => {
    const others = latest.current.answers.filter((one) => one.survey !== survey || one.question !== question);
    const answers = answer === null ? others : [...others, { survey, question, answer }];
    edit({ answers }, typeof answer === "string" ? PAUSE_MS : 0);
  };
  const save = async () => {
    if (saving.current) return;
    if (!latest.current.disposition && contact.choices.length) {
      fail("Escoja una tipificación.");
      return;
    }
    saving.current = true;
    clearTimeout(timer.current);
    await keeping.current;
    try {
      const told = { ...sent(), call_again_at: again || null, leave_alone: alone };
      const done = /** @type {{ said: string }} */ (
        contact.choices.length
          ? await send("POST", `${address}/disposition`, told)
          : await send("PUT", `${address}/answers`, { answers: latest.current.answers })
      );
      changed.current = false;
      saved(done.said);
    } catch (error) {
      fail(error instanceof Error ? error.message : String(error));
    } finally {
      saving.current = false;
    }
  };

  const words = plain(wanted).split(/\s+/).filter(Boolean);
  const matching = contact.choices.filter(({ title, group }) =>
    words.every((word) => plain(`${title} ${group}`).includes(word)),
  );
  const used = contact.most_used;
  const ordered = [...matching].sort((a, b) => place(used, a) - place(used, b));

  useEffect(() => {
    if (!keys) return undefined;
    return onKeys(
      ordered.slice(0, KEYS).map((choice, number) => ({
        key: String(number + 1),
        does: choice.title,
        act: () => edit({ disposition: choice.path }),
      })),
    );
  });
  useEffect(() => {
    const hide = () => void keep();
    document.addEventListener("visibilitychange", hide);
    return () => {
      document.removeEventListener("visibilitychange", hide);
      clearTimeout(timer.current);
      void keep();
    };
  }, []);

  const surveys = contact.surveys.map(
    (told) => html`
      <${Survey} key=${told.survey} told=${told} answers=${written.answers}
        answer=${(/** @type {string} */ question, /** @type {number | string | null} */ given) => answer(told.survey, question, given)} />`,
  );
  const noTree = html`<p class="gap">Esta línea no tiene árbol de tipificación. Un administrador lo escribe en «dispositions».</p>`;
  if (contact.choices.length === 0)
    return html`
      ${noTree}
      ${
        surveys.length > 0 &&
        html`
          <form class="dispose" onSubmit=${(/** @type {Event} */ event) => {
            event.preventDefault();
            void save();
          }}>
            ${problem && html`<p class="fault" role="alert">${problem}</p>`}
            ${surveys}
            <div class="save"><button type="submit" disabled=${!openSurveys}>Guardar respuestas</button> <span class="help">${kept}</span></div>
          </form>`
      }`;
  return html`
    <form class="dispose" onSubmit=${(/** @type {Event} */ event) => {
      event.preventDefault();
      void save();
    }} onKeyDown=${(/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Enter" || !event.ctrlKey) return;
      event.preventDefault();
      void save();
    }}>
      ${surveys}
      <h3>Tipificación</h3>
      ${problem && html`<p class="fault" role="alert">${problem}</p>`}
      <label for="buscar">Buscar en el árbol</label>
      <input id="buscar" type="search" value=${wanted} autocomplete="off"
        onInput=${(/** @type {Event & { currentTarget: HTMLInputElement }} */ event) => search(event.currentTarget.value)} />
      <fieldset>
        <legend>Cómo terminó</legend>
        <div class="options" tabindex="0" role="group" aria-label="Opciones">
          ${ordered.map(
            (choice, number) => html`
              <label key=${choice.path}>
                <input type="radio" name="tipificacion" value=${choice.path} checked=${written.disposition === choice.path}
                  onChange=${() => edit({ disposition: choice.path })} />
                ${keys && number < KEYS && html`<kbd>${number + 1}</kbd>`}
                <span>${choice.title}<span class="group">${[choice.group, RESOLUTIONS[choice.resolution]].filter(Boolean).join(" · ")}</span></span>
              </label>`,
          )}
          ${ordered.length === 0 && html`<p>Nada del árbol dice eso. Borre la búsqueda.</p>`}
        </div>
      </fieldset>
      <label for="solucion">Solución</label>
      <textarea id="solucion" rows="3" maxlength="4000" value=${written.solution}
        onInput=${(/** @type {Event & { currentTarget: HTMLTextAreaElement }} */ event) => edit({ solution: event.currentTarget.value })}></textarea>
      <label for="nota">Nota</label>
      <textarea id="nota" rows="3" maxlength="4000" value=${written.note}
        onInput=${(/** @type {Event & { currentTarget: HTMLTextAreaElement }} */ event) => edit({ note: event.currentTarget.value })}></textarea>
      <label for="otra">Llamar de nuevo</label>
      <select id="otra" value=${again} aria-describedby="horas"
        onChange=${(/** @type {Event & { currentTarget: HTMLSelectElement }} */ event) => setAgain(event.currentTarget.value)}>
        <option value="">No</option>
        ${contact.hours.map((hour) => html`<option key=${hour} value=${hour}>${dayAndHour(hour, zone)}</option>`)}
      </select>
      <p id="horas" class="help">
        Solo horas en que se puede llamar.${contact.left_out.length > 0 && ` No hay horas estos días: ${contact.left_out.map(dayInWords).join(", ")}.`}
      </p>
      <label class="alone">
        <input type="checkbox" checked=${alone}
          onChange=${(/** @type {Event & { currentTarget: HTMLInputElement }} */ event) => leaveAlone(event.currentTarget.checked)} />
        <span>No llamar más: la persona lo pidió</span>
      </label>
      <div class="save">
        <button type="submit" disabled=${phase === "ringing"}>Guardar tipificación</button>
        <span class="help">${kept}</span>
        ${keys && html`<span class="help">Ctrl+Enter guarda.</span>`}
      </div>
      ${
        contact.words.length > 0 &&
        html`
          <h3>Lo que se guardó</h3>
          <ul class="plain">
            ${contact.words.map(
              (word) => html`
                <li key=${word.at}>
                  ${word.title || "Terminó el tiempo sin tipificar"}
                  <span class="said">${dayAndHour(word.at, zone)} · ${word.author}</span>
                  ${word.solution && html`<span class="said">Solución: ${word.solution}</span>`}
                  ${word.note && html`<span class="said">Nota: ${word.note}</span>`}
                </li>`,
            )}
          </ul>`
      }
    </form>
  `;
}

/**
 * @param {string[]} used
 * @param {Choice} choice
 */
function place(used, { path }) {
  const found = used.indexOf(path);
  return found < 0 ? used.length : found;
}
