import { html } from "htm/preact";

/** @type {Record<string, string>} outlines on 20 × 20, drawn with a line of 2 */
const PATHS = {
  available: "M3 10l5 5L17 5",
  ringing: "M10 2.5a5 5 0 0 0-5 5c0 5-2 6-2 6.5h14c0-.5-2-1.5-2-6.5a5 5 0 0 0-5-5zM8 17h4",
  talking: "M3 4h14v9H9l-4 4v-4H3z",
  paused: "M6.5 4v12M13.5 4v12",
  signed_out: "M4.5 4.5l11 11M10 2.5a7.5 7.5 0 1 1 0 15 7.5 7.5 0 0 1 0-15",
  sound: "M3 7.5v5h3l5 4v-13l-5 4zM14 7a4 4 0 0 1 0 6",
  mute: "M3 7.5v5h3l5 4v-13l-5 4zM14 8l4 4M18 8l-4 4",
  rewind: "M4 10a6.5 6.5 0 1 0 2-4.7L4 7M4 3v4h4M10 6.5V10l2.5 2",
  notice: "M10 9.5V14M10 6v.4M10 2.5a7.5 7.5 0 1 1 0 15 7.5 7.5 0 0 1 0-15",
  help: "M7.5 7.5a2.5 2.5 0 1 1 3.7 2.2c-.8.5-1.2.9-1.2 1.8M10 14.6v.4",
};

/**
 * A sign beside a word, which says the same.
 *
 * @param {{ of: string }} props
 */
export function Icon({ of }) {
  return html`
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false"><path d=${PATHS[of] ?? ""} /></svg>
  `;
}
