import { html } from "htm/preact";
import { duration } from "./durations.js";
import { LEVELS } from "./levels.js";
import { usePage } from "./page.js";
import { useTicking } from "./ticker.js";

/** @typedef {import("./view.d.ts").Figure} FigureView */

/**
 * A time that runs on.
 *
 * @param {{ since: string }} props
 */
export function Since({ since }) {
  const { watch } = usePage();
  return html`${useTicking(() => duration(watch.now - Date.parse(since)))}`;
}

/**
 * A figure: it leads to its calls, and its meaning is shown to whoever points at it or comes to it by keyboard.
 *
 * @param {{ figure: FigureView, plain?: boolean }} props plain: its state is shown beside it
 */
export function Figure({ figure, plain = false }) {
  const { current, links } = usePage();
  const level = current && !plain ? figure.state : null;
  const body = html`
    ${level && html`<span class="mark" aria-hidden="true">${LEVELS[level].mark}</span>`}
    <span class="value">${figure.since ? html`<${Since} since=${figure.since} />` : figure.shown}</span>
    ${level && html`<span class="visually-hidden">${LEVELS[level].word}</span>`}
  `;
  const of = { class: `figure ${level ?? ""}`, "data-tip": figure.meaning, "data-tip-title": figure.title };
  if (links && figure.calls) return html`<a ...${of} href=${figure.calls}>${body}</a>`;
  if (links && figure.meaning) return html`<button type="button" ...${of}>${body}</button>`;
  return html`<span class=${of.class}>${body}</span>`;
}

/**
 * The state of a figure in words; of figures that are not current, how old they are.
 *
 * @param {{ level: import("./view.d.ts").Level | null }} props
 */
export function State({ level }) {
  const { current } = usePage();
  if (!current) return html`<span class="state stale"><${Mark} level="stale" /> <${Age} /></span>`;
  if (!level) return null;
  return html`<span class="state ${level}"><${Mark} level=${level} /> ${LEVELS[level].word}</span>`;
}

/** @param {{ level: keyof typeof LEVELS }} props */
export function Mark({ level }) {
  return html`<span class="mark" aria-hidden="true">${LEVELS[level].mark}</span>`;
}

/** How long ago the figures were so. */
export function Age() {
  const { watch, zone } = usePage();
  return html`${useTicking(() => age(watch, zone))}`;
}

/**
 * @param {import("./watch.js").Watch} watch
 * @param {import("./zone.js").Zone} zone
 */
function age(watch, zone) {
  if (watch.freshness === "late") return `Sin señal, ${agoOf(watch)}`;
  return `A las ${zone.hour(watch.now)}`;
}

/** @param {import("./watch.js").Watch} watch */
function agoOf(watch) {
  return `hace ${Math.floor(watch.silence / 1000)} s`;
}
