import { html } from "htm/preact";
import { read, shown } from "./seconds.js";

/**
 * @typedef {import("./view.d.ts").Mark} Mark
 * @typedef {import("./view.d.ts").CategoryOf} CategoryOf
 * @typedef {import("./view.d.ts").SubItemOf} SubItemOf
 * @typedef {import("./draft.js").Draft} Draft
 */

/** @type {[Mark, string][]} */
const MARKS = [
  ["complies", "Cumple"],
  ["fails", "Falla"],
  ["not_applicable", "No aplica"],
];

/**
 * The matrix: what is marked, sub-item by sub-item.
 *
 * @param {object} props
 * @param {CategoryOf[]} props.categories
 * @param {Draft} props.draft
 * @param {string} props.current number of the sub-item that keys are for
 * @param {(number: string, mark: Mark) => void} props.mark
 * @param {(number: string) => void} props.choose
 * @param {(seconds: number) => void} props.hear
 */
export function Marks({ categories, draft, current, mark, choose, hear }) {
  return categories.map(
    ({ category, title, threshold, items }) => html`
    <section key=${category} aria-labelledby=${category}>
      <h2 id=${category}>${title} <span class="goal">meta ${threshold}</span></h2>
      ${items.map(
        (item) => html`
        <h3 key=${item.number} id=${`item-${item.number}`}>${item.number}. ${item.title}</h3>
        <ul role="list" class="subitems" aria-labelledby=${`item-${item.number}`}>
          ${item.subitems.map(
            (each) => html`<${SubItem}
              key=${each.number} each=${each} draft=${draft} here=${each.number === current}
              mark=${mark} choose=${choose} hear=${hear} />`,
          )}
        </ul>`,
      )}
    </section>`,
  );
}

/**
 * @param {object} props
 * @param {SubItemOf} props.each
 * @param {Draft} props.draft
 * @param {boolean} props.here
 * @param {(number: string, mark: Mark) => void} props.mark
 * @param {(number: string) => void} props.choose
 * @param {(seconds: number) => void} props.hear
 */
function SubItem({ each, draft, here, mark, choose, hear }) {
  const { number, title, guidance } = each;
  const found = draft.findings.get(number);
  const guide = `guia-${number}`;
  /** @param {{ key: string, currentTarget: HTMLElement }} event */
  const leaves = ({ key, currentTarget }) => {
    if (key === "Escape") currentTarget.closest("li")?.focus();
  };
  return html`
    <li id=${`sub-${number}`} tabindex=${here ? 0 : -1} class=${here ? "subitem here" : "subitem"}
      aria-current=${here ? "step" : null} onFocusIn=${() => choose(number)}>
      <p class="subitem-title" id=${`titulo-${number}`}>${number} ${title}</p>
      <p class="help" id=${guide}>${guidance}</p>
      <div class="choices" role="group" aria-labelledby=${`titulo-${number}`} aria-describedby=${guide}>
        ${MARKS.map(
          ([name, word]) => html`
          <button key=${name} type="button" class=${`mark ${name}`} aria-pressed=${found?.mark === name ? "true" : "false"}
            onClick=${() => mark(number, name)}>${word}</button>`,
        )}
      </div>
      ${
        found?.mark === "fails" &&
        html`
        <div class="evidence">
          <label>Segundo
            <input class="second" value=${found.seconds === null ? "" : shown(found.seconds)} inputmode="numeric" onKeyDown=${leaves}
              onChange=${(/** @type {{ currentTarget: HTMLInputElement }} */ { currentTarget }) => draft.set(number, { seconds: read(currentTarget.value) })} />
          </label>
          <button type="button" class="quiet" disabled=${found.seconds === null} onClick=${() => hear(found.seconds ?? 0)}>▶ Oír</button>
          <label class="why">Nota
            <textarea id=${`nota-${number}`} rows="2" maxlength="1000" value=${found.note} onKeyDown=${leaves}
              onInput=${(/** @type {{ currentTarget: HTMLTextAreaElement }} */ { currentTarget }) => draft.set(number, { note: currentTarget.value }, false)} />
          </label>
        </div>`
      }
    </li>
  `;
}

/**
 * The three results as they stand; they are never blended.
 *
 * @param {object} props
 * @param {CategoryOf[]} props.categories
 * @param {Draft} props.draft
 */
export function Results({ categories, draft }) {
  return html`
    <ul role="list" class="results">
      ${categories.map(({ category, title, items }) => {
        const marks = items.flatMap(({ subitems }) => subitems.map(({ number }) => draft.findings.get(number)?.mark));
        const fails = marks.filter((mark) => mark === "fails").length;
        const complies = marks.filter((mark) => mark === "complies").length;
        const marked = marks.some(Boolean);
        const word = !marked
          ? "Sin marcar"
          : category === "non_critical"
            ? `${complies} de ${complies + fails} cumplen`
            : fails
              ? `${fails} ${fails === 1 ? "falla" : "fallas"}`
              : "Sin fallas";
        return html`<li key=${category}><span class=${`outcome ${marked ? (fails ? "bad" : "ok") : "stale"}`}>${word}</span> ${title}</li>`;
      })}
    </ul>
  `;
}
