import { html } from "htm/preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { shown } from "./seconds.js";

/**
 * @typedef {import("./view.d.ts").Lanes} Drawn
 * @typedef {import("./view.d.ts").Span} Span
 * @typedef {import("./view.d.ts").Evidence} Evidence
 * @typedef {{ seconds: number, number: string }} Flag
 */

const LANE_PX = 64;
const GAP_PX = 8;

/**
 * Both channels of a recording, what was measured, the failures, and where it is heard. A click goes there.
 *
 * @param {object} props
 * @param {Drawn | null} props.drawn
 * @param {import("./player.js").Player} props.player
 * @param {Flag[]} props.flags
 * @param {Evidence | null} props.evidence what was measured, if it is to be shown
 */
export function Lanes({ drawn, player, flags, evidence }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const duration = drawn?.duration_seconds || player.duration;
  const height = drawn ? drawn.lanes.length * (LANE_PX + GAP_PX) : LANE_PX;

  useLayoutEffect(() => {
    const place = canvas.current;
    if (!place) return undefined;
    let frame = 0;
    let still = picture(place, drawn, evidence, duration);
    const look = () => {
      player.keepInLoop();
      overlay(place, still, player, flags, duration);
      frame = player.playing ? requestAnimationFrame(look) : 0;
    };
    const again = () => {
      if (!frame) look();
    };
    const resized = new ResizeObserver(() => {
      still = picture(place, drawn, evidence, duration);
      again();
    });
    resized.observe(place);
    const heard = player.onChange(again);
    look();
    return () => {
      cancelAnimationFrame(frame);
      resized.disconnect();
      heard();
    };
  }, [drawn, evidence, duration, flags.map(({ seconds }) => seconds).join()]);

  /** @param {{ offsetX: number, currentTarget: HTMLElement }} event */
  const clicked = ({ offsetX, currentTarget }) => player.to((offsetX / currentTarget.clientWidth) * duration);
  return html`
    <div class="lanes">
      ${drawn && html`<ul class="lane-names" role="list">${drawn.lanes.map(({ id, title }) => html`<li key=${id}>${title}</li>`)}</ul>`}
      <div
        class="track" role="slider" tabindex="0" aria-label="Posición en la grabación"
        aria-valuemin="0" aria-valuemax=${Math.floor(duration)} aria-valuenow=${Math.floor(player.time)}
        aria-valuetext=${`${shown(player.time)} de ${shown(duration)}`} onClick=${clicked}>
        <canvas ref=${canvas} height=${height} data-height=${height} aria-hidden="true" />
      </div>
    </div>
  `;
}

/**
 * @param {object} props
 * @param {Span[]} props.spans
 * @param {(seconds: number) => void} props.hear
 */
export function SpanTable({ spans, hear }) {
  if (!spans.length) return html`<p class="help">No hay momentos medidos en esta grabación.</p>`;
  return html`
    <table class="spans">
      <caption>Lo que se midió. Orienta; no decide.</caption>
      <thead><tr><th scope="col">Qué</th><th scope="col" class="number">Desde</th><th scope="col" class="number">Hasta</th></tr></thead>
      <tbody>
        ${spans.map(
          ({ kind, title, start, end }) => html`
          <tr key=${kind + start}>
            <th scope="row"><button type="button" class="quiet" onClick=${() => hear(start)}>▶ ${title}<span class="visually-hidden"> en ${shown(start)}</span></button></th>
            <td class="number">${shown(start)}</td><td class="number">${shown(end)}</td>
          </tr>`,
        )}
      </tbody>
    </table>
  `;
}

/**
 * Draw what does not move.
 *
 * @param {HTMLCanvasElement} place
 * @param {Drawn | null} drawn
 * @param {Evidence | null} evidence
 * @param {number} duration
 * @returns {HTMLCanvasElement}
 */
function picture(place, drawn, evidence, duration) {
  const scale = window.devicePixelRatio || 1;
  const width = place.clientWidth;
  const height = Number(place.dataset.height);
  place.width = width * scale;
  place.height = height * scale;
  const still = document.createElement("canvas");
  still.width = place.width;
  still.height = place.height;
  const paint = still.getContext("2d");
  if (!paint || !drawn || !width) return still;
  paint.scale(scale, scale);
  const style = getComputedStyle(place);
  const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  drawn.lanes.forEach(({ id, peaks }, order) => {
    const top = order * (LANE_PX + GAP_PX);
    paint.fillStyle = colour("--surface");
    paint.fillRect(0, top, width, LANE_PX);
    const speech = evidence?.speech.find(({ lane }) => lane === id);
    if (speech) {
      paint.fillStyle = colour("--ok");
      for (const { start, end } of speech.segments) {
        paint.fillRect((start / duration) * width, top, ((end - start) / duration) * width, LANE_PX);
      }
    }
    paint.fillStyle = colour(order ? "--series-2" : "--series-1");
    const step = width / peaks.length;
    peaks.forEach((peak, at) => {
      const tall = Math.max(1, Math.sqrt(peak) * LANE_PX);
      paint.fillRect(at * step, top + (LANE_PX - tall) / 2, Math.max(1, step), tall);
    });
  });
  if (evidence) {
    for (const { kind, start, end } of evidence.spans) {
      const left = (start / duration) * width;
      paint.fillStyle = hatching(paint, kind, colour("--text"));
      paint.fillRect(left, 0, Math.max(2, (end / duration) * width - left), height - GAP_PX);
    }
  }
  return still;
}

/**
 * @param {CanvasRenderingContext2D} paint
 * @param {Span["kind"]} kind
 * @param {string} colour
 * @returns {CanvasPattern | string} silences hatched, talk-over cross-hatched, hold dotted
 */
function hatching(paint, kind, colour) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const pen = tile.getContext("2d");
  if (!pen) return colour;
  pen.strokeStyle = pen.fillStyle = colour;
  pen.globalAlpha = 0.6;
  pen.beginPath();
  if (kind === "hold") {
    pen.arc(4, 4, 1.4, 0, 2 * Math.PI);
    pen.fill();
  } else {
    pen.moveTo(0, 8);
    pen.lineTo(8, 0);
    if (kind === "talk_over") {
      pen.moveTo(0, 0);
      pen.lineTo(8, 8);
    }
    pen.stroke();
  }
  return paint.createPattern(tile, "repeat") ?? colour;
}

/**
 * Draw what moves over what does not.
 *
 * @param {HTMLCanvasElement} place
 * @param {HTMLCanvasElement} still
 * @param {import("./player.js").Player} player
 * @param {Flag[]} flags
 * @param {number} duration
 */
function overlay(place, still, player, flags, duration) {
  const paint = place.getContext("2d");
  if (!paint || !place.width || !still.width) return;
  const scale = window.devicePixelRatio || 1;
  const [width, height] = [place.width / scale, place.height / scale];
  const style = getComputedStyle(place);
  paint.setTransform(1, 0, 0, 1, 0, 0);
  paint.clearRect(0, 0, place.width, place.height);
  paint.drawImage(still, 0, 0);
  paint.scale(scale, scale);
  if (!duration) return;
  const at = (/** @type {number} */ seconds) => (seconds / duration) * width;
  if (player.loopFrom !== null) {
    paint.globalAlpha = 0.25;
    paint.fillStyle = style.getPropertyValue("--link");
    paint.fillRect(at(player.loopFrom), 0, at((player.loopTo ?? player.time) - player.loopFrom), height);
    paint.globalAlpha = 1;
  }
  paint.fillStyle = style.getPropertyValue("--bad");
  for (const { seconds } of flags) {
    paint.beginPath();
    paint.moveTo(at(seconds) - 6, 0);
    paint.lineTo(at(seconds) + 6, 0);
    paint.lineTo(at(seconds), 12);
    paint.fill();
  }
  paint.fillStyle = style.getPropertyValue("--text");
  paint.fillRect(at(player.time) - 1, 0, 2, height);
}
