import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ask } from "./ask.js";
import { usePage } from "./page.js";

/**
 * @typedef {import("./view.d.ts").DayChart} DayChart
 * @typedef {import("./view.d.ts").Quarter} Quarter
 */

const REFRESH_MS = 30_000;
const LEAST_QUARTERS = 16;
const NUMBER = new Intl.NumberFormat("es-CO");

/** @param {number | null} count */
const whole = (count) => (count === null ? "–" : NUMBER.format(count));

/**
 * The day by quarter hours, over the same weekday before.
 *
 * @param {{ address: string }} props
 */
export function Day({ address }) {
  const { watch, zone } = usePage();
  const date = zone.field(watch.now).slice(0, 10);
  const [chart, draw] = useState(/** @type {DayChart | null} */ (null));
  const [problem, fail] = useState("");

  useEffect(() => {
    const asking = new AbortController();
    const refresh = () => {
      if (document.hidden) return;
      ask(address, { date }, asking.signal).then(
        (/** @type {DayChart} */ day) => {
          draw(day);
          fail("");
        },
        (error) => {
          if (!asking.signal.aborted) fail(error.message);
        },
      );
    };
    refresh();
    const timer = setInterval(refresh, REFRESH_MS);
    document.addEventListener("visibilitychange", refresh);
    return () => {
      asking.abort();
      clearInterval(timer);
      document.removeEventListener("visibilitychange", refresh);
    };
  }, [address, date]);

  const busy = chart && busyHours(chart);
  return html`
    <section id="dia" class="panel day-chart" aria-labelledby="titulo-dia" tabindex="-1">
      <div class="panel-head"><h2 id="titulo-dia">El día por cuartos de hora</h2></div>
      ${problem && html`<p class="problem">No se pudo leer el día. ${problem}</p>`}
      ${!chart && !problem && html`<div class="skeleton tall" />`}
      ${chart && !busy && html`<p class="empty">Ni este día ni el ${chart.before.title} tuvieron llamadas. Con la primera aparece la gráfica.</p>`}
      ${chart && busy && html`<${Plot} chart=${chart} busy=${busy} />`}
    </section>
  `;
}

/**
 * @param {DayChart} chart
 * @returns {{ day: Quarter[], before: Quarter[] } | null} the hours in which either day had calls; null if none
 */
function busyHours({ day, before }) {
  const busy = day.quarters.flatMap(({ offered }, at) => (offered || before.quarters[at]?.offered ? [at] : []));
  const [first, last] = [busy.at(0), busy.at(-1)];
  if (first === undefined || last === undefined) return null;
  const spare = Math.max(0, LEAST_QUARTERS - (last - first + 1));
  const from = Math.max(0, Math.floor((first - spare / 2) / 4) * 4);
  const to = Math.min(day.quarters.length, Math.ceil((last + 1 + spare / 2) / 4) * 4);
  return { day: day.quarters.slice(from, to), before: before.quarters.slice(from, to) };
}

/** @param {{ chart: DayChart, busy: { day: Quarter[], before: Quarter[] } }} props */
function Plot({ chart, busy }) {
  const place = useRef(/** @type {HTMLDivElement | null} */ (null));
  const [pointed, point] = useState(/** @type {number | null} */ (null));
  const [dark, turnDark] = useState(() => matchMedia("(prefers-color-scheme: dark)").matches);

  useEffect(() => {
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const turned = () => turnDark(scheme.matches);
    scheme.addEventListener("change", turned);
    return () => scheme.removeEventListener("change", turned);
  }, []);
  useEffect(() => {
    let gone = false;
    let remove = () => {};
    import("./plot.js").then(({ plot }) => {
      if (!gone && place.current) remove = plot(place.current, busy, point);
    });
    return () => {
      gone = true;
      remove();
    };
  }, [chart, dark]);

  const now = pointed === null ? null : busy.day[pointed];
  const then = pointed === null ? null : busy.before[pointed];
  return html`
    <p class="legend">
      <span class="series today"><${Sample} /> ${chart.day.title}</span>
      <span class="series before"><${Sample} dash="6 4" /> ${chart.before.title}</span>
      <span class="readout">
        ${
          now &&
          then &&
          html`<b>${now.hour}</b> · Recibidas ${whole(now.offered)} (antes ${whole(then.offered)}) · Nivel de
          atención ${now.answer_rate_shown} (antes ${then.answer_rate_shown})`
        }
      </span>
    </p>
    <figure class="plots">
      <figcaption class="visually-hidden">
        Dos gráficas con las mismas horas: llamadas recibidas y nivel de atención. Las cifras están en la tabla que sigue.
      </figcaption>
      <div ref=${place} aria-hidden="true" />
    </figure>
    <details>
      <summary>Las mismas cifras en una tabla</summary>
      <${Table} day=${busy.day} before=${busy.before} />
    </details>
  `;
}

/** @param {{ dash?: string }} props */
function Sample({ dash = "" }) {
  return html`
    <svg class="sample" viewBox="0 0 32 12" aria-hidden="true" focusable="false">
      <path d="M0 6h32" stroke-dasharray=${dash} />
      ${!dash && html`<circle cx="16" cy="6" r="3.5" />`}
    </svg>
  `;
}

/** @param {{ day: Quarter[], before: Quarter[] }} props */
function Table({ day, before }) {
  return html`
    <table role="table" class="rows">
      <caption class="visually-hidden">Cuartos de hora, con los del mismo día de la semana anterior</caption>
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader" scope="col">Hora</th>
          ${["Recibidas", "Contestadas", "Abandonadas", "Nivel de atención", "Recibidas antes", "Nivel antes"].map(
            (head) => html`<th key=${head} role="columnheader" scope="col" class="number">${head}</th>`,
          )}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${day.map((quarter, at) => {
          const then = before[at];
          return html`
            <tr key=${quarter.begins_at} role="row">
              <th role="rowheader" scope="row">${quarter.hour}</th>
              <td role="cell" class="number" data-name="Recibidas"><${Count} count=${quarter.offered} calls=${quarter.calls} /></td>
              <td role="cell" class="number" data-name="Contestadas">${whole(quarter.answered)}</td>
              <td role="cell" class="number" data-name="Abandonadas">${whole(quarter.abandoned)}</td>
              <td role="cell" class="number" data-name="Nivel de atención">${quarter.answer_rate_shown}</td>
              <td role="cell" class="number" data-name="Recibidas antes">
                <${Count} count=${then?.offered ?? null} calls=${then?.calls ?? ""} />
              </td>
              <td role="cell" class="number" data-name="Nivel antes">${then?.answer_rate_shown ?? "–"}</td>
            </tr>
          `;
        })}
      </tbody>
    </table>
  `;
}

/** @param {{ count: number | null, calls: string }} props */
function Count({ count, calls }) {
  return count && calls ? html`<a class="figure" href=${calls}>${whole(count)}</a>` : whole(count);
}
