import uPlot from "uplot";

/**
 * @typedef {import("./view.d.ts").Quarter} Quarter
 * @typedef {object} Panel
 * @property {string} title
 * @property {number} height px
 * @property {(quarter: Quarter) => number | null} of
 * @property {(value: number) => string} write
 * @property {[number, number] | null} range null: from 0 to the greatest value
 */

const HOUR = 4;
const MOST_HOURS = 12;
const AXIS_PX = 56;
const FONT = "13px system-ui, sans-serif";

/** @type {Panel[]} */
export const PANELS = [
  { title: "Recibidas", height: 170, of: ({ offered }) => offered, write: (value) => String(value), range: null },
  {
    title: "Nivel de atención",
    height: 130,
    of: ({ answer_rate }) => answer_rate,
    write: (value) => `${Math.round(value * 100)} %`,
    range: [0, 1],
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
        legend: { show: false },
        cursor: { sync, drag: { x: false, y: false }, y: false, points: { size: 8 } },
        scales: { x: { time: false }, y: { range: (_, __, most) => panel.range ?? [0, Math.max(4, most * 1.1)] } },
        axes: [
          {
            show: true,
            size: last ? 30 : 0,
            values: (_, places) => places.map((at) => (last ? (day[at]?.hour ?? "") : "")),
            splits: (_, __, from, to) => hours(from, to),
            stroke: colour("--secondary"),
            grid: { stroke: colour("--line"), width: 1 },
            ticks: { show: false },
            font: FONT,
          },
          {
            size: AXIS_PX,
            values: (_, values) => values.map(panel.write),
            incrs: panel.range ? [0.25, 0.5] : [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000],
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
      place,
    );
  });

  const resized = new ResizeObserver(() => {
    for (const chart of charts) chart.setSize({ width: place.clientWidth, height: chart.height });
  });
  resized.observe(place);
  return () => {
    resized.disconnect();
    for (const chart of charts) chart.destroy();
  };
}

/**
 * @param {number} from
 * @param {number} to
 * @returns {number[]} whole hours between two quarters, no more than can be read
 */
function hours(from, to) {
  const step = HOUR * Math.max(1, Math.ceil((to - from) / HOUR / MOST_HOURS));
  const first = Math.ceil(from / HOUR) * HOUR;
  return Array.from({ length: Math.max(0, Math.floor((to - first) / step) + 1) }, (_, place) => first + place * step);
}
