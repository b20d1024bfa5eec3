import { html } from "htm/preact";
import { Mark, Since } from "./figure.js";
import { Icon } from "./icons.js";
import { usePage } from "./page.js";

/**
 * What somebody should do something about, and what is good to know.
 *
 * @param {{ alerts: import("./view.d.ts").Alert[], notices: string[] }} props
 */
export function Notices({ alerts, notices }) {
  const { current } = usePage();
  if (!current || !(alerts.length || notices.length)) return null;
  return html`
    <section class="notices" aria-labelledby="avisos">
      <h2 id="avisos" class="visually-hidden">Alertas y avisos</h2>
      <ul>
        ${alerts.map(
          ({ id, level, text, to_do, calls, since }) => html`
            <li key=${id} class="alert ${level}">
              <${Mark} level=${level} /> <span>${text}${to_do && ` ${to_do}`} ${calls && html`<a href=${calls}>Ver cuáles</a>`}</span> <span class="time">hace <${Since} since=${since} /></span>
            </li>
          `,
        )}
        ${notices.map((notice) => html`<li key=${notice} class="notice"><${Icon} of="notice" /> ${notice}</li>`)}
      </ul>
    </section>
  `;
}
