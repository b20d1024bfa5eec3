import uPlot from "uplot";

/**
 * @typedef {import("./view.d.ts").Quarter} Quarter
 * @typedef {object} Panel
 * @property {string} title
 * @property {number} height px
 * @property {(quarter: Quarter) => number | null} of
 * @property {(value: number) => string} write
 * @property {(least: number, most: number) => [number, number]} range of the axis, for values within these
 * @property {number[]} steps that its marks may have
 */

const HOUR = 4;
const HOUR_PX = 64;
const AXIS_PX = 56;
const FONT = "13px system-ui, sans-serif";

/** @type {Panel[]} */
export const PANELS = [
  {
    title: "Recibidas",
    height: 170,
    of: ({ offered }) => offered,
    write: (value) => String(value),
    range: (_, most) => [0, Math.max(4, most * 1.05)],
    steps: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000],
  },
  {
    title: "Nivel de atención",
    height: 130,
    of: ({ answer_rate }) => answer_rate,
    write: (value) => `${Math.round(value * 100)}\u00a0%`,
    range: (least) => [Math.min(0.75, Math.floor(least * 4) / 4), 1],
    steps: [0.05, 0.1, 0.25, 0.5],
  },
];

/**
 * Draw a day over another, in panels that share the hours: the day with a line, the other dashed.
 *
 * @param {HTMLElement} place
 * @param {{ day: Quarter[], before: Quarter[] }} quarters as many of one as of the other
 * @param {(index: number | null) => void} pointed told which quarter is pointed at
 * @returns {() => void} what takes it away
 */
export function plot(place, { day, before }, pointed) {
  const style = getComputedStyle(place);
  const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  const sync = { key: "dia" };
  const charts = PANELS.map((panel, order) => {
    const last = order === PANELS.length - 1;
    return new uPlot(
      {
        width: place.clientWidth,
        height: panel.height + (last ? 30 : 0),
        padding: [8, 24, last ? 0 : 8, 0],
        legend: { show: false },
        cursor: { sync, drag: { x: false, y: false }, y: false, points: { size: 8 } },
        scales: { x: { time: false }, y: { range: (_, least, most) => panel.range(least, most) } },
        axes: [
          {
            show: true,
            size: last ? 30 : 0,
            values: (_, places) => places.map((at) => (last ? (day[at]?.hour ?? "") : "")),
            splits: ({ width }, _, from, to) => hours(from, to, width / HOUR_PX),
            stroke: colour("--secondary"),
            grid: { stroke: colour("--line"), width: 1 },
            ticks: { show: false },
            font: FONT,
          },
          {
            size: AXIS_PX,
            values: (_, values) => values.map(panel.write),
            incrs: panel.steps,
            space: 34,
            stroke: colour("--secondary"),
            grid: { stroke: colour("--line"), width: 1 },
            ticks: { show: false },
            font: FONT,
          },
        ],
        series: [
          {},
          { stroke: colour("--series-2"), width: 2, dash: [6, 4], points: { show: false } },
          { stroke: colour("--series-1"), width: 2, points: { show: true, size: 6, fill: colour("--series-1") } },
        ],
        hooks: { setCursor: [({ cursor }) => pointed(cursor.idx ?? null)] },
      },
      [day.map((_, at) => at), before.map(panel.of), day.map(panel.of)],
      titled(place, panel.title),
    );
  });

  const resized = new ResizeObserver(() => {
    for (const chart of charts) chart.setSize({ width: place.clientWidth, height: chart.height });
  });
  resized.observe(place);
  return () => {
    resized.disconnect();
    for (const chart of charts) chart.destroy();
    place.replaceChildren();
  };
}

/**
 * @param {HTMLElement} place
 * @param {string} title
 * @returns {HTMLElement} a new part of the place, under the title
 */
function titled(place, title) {
  const part = place.appendChild(document.createElement("div"));
  part.appendChild(document.createElement("h3")).textContent = title;
  return part;
}

/**
 * @param {number} from
 * @param {number} to
 * @param {number} room how many can be read
 * @returns {number[]} whole hours between two quarters
 */
function hours(from, to, room) {
  const step = HOUR * Math.max(1, Math.ceil((to - from) / HOUR / room));
  const first = Math.ceil(from / HOUR) * HOUR;
  return Array.from({ length: Math.max(0, Math.floor((to - first) / step) + 1) }, (_, place) => first + place * step);
}
