import { html } from "htm/preact";
import { Mark } from "./figure.js";
import { usePage } from "./page.js";

/**
 * Today's calls as a sum that must come out even.
 *
 * @param {{ balance: import("./view.d.ts").Balance }} props
 */
export function Balance({ balance }) {
  const { current, links } = usePage();
  const parts = balance.parts.filter(({ count }, place) => place === 0 || count !== 0);
  return html`
    <section class="balance ${balance.balances ? "" : "bad"}" aria-labelledby="libro">
      <h2 id="libro" class="visually-hidden">Las llamadas de hoy, sumadas</h2>
      <p>
        ${parts.map(
          ({ id, word, shown, calls }, place) => html`
            ${place > 0 && html`<span class="sign">${place === 1 ? " = " : " + "}</span>`}
            <span key=${id} class="part">
              ${word} ${links && calls ? html`<a class="figure" href=${calls}>${shown}</a>` : html`<b>${shown}</b>`}
            </span>
          `,
        )}
        ${" "}
        ${
          balance.balances
            ? html`<span class="verdict">${current && html`<${Mark} level="ok" />`} Cuadra</span>`
            : html`<span class="state bad"><${Mark} level="bad" /> No cuadra</span>`
        }
      </p>
    </section>
  `;
}
