import { html } from "htm/preact";
import { Figure, State } from "./figure.js";
import { usePage } from "./page.js";
import { WhyButton } from "./why.js";

/** @param {{ cards: import("./view.d.ts").Figure[] }} props */
export function Cards({ cards }) {
  const { current } = usePage();
  return html`
    <section aria-labelledby="ahora">
      <h2 id="ahora" class="visually-hidden">Ahora y hoy</h2>
      <ul class="cards">
        ${cards.map(
          (card) => html`
            <li key=${card.id} class="card ${(current && card.state) || ""}">
              <h3>${card.title}</h3>
              <p class="large"><${Figure} figure=${card} plain /></p>
              <p class="detail">${card.detail}</p>
              <p class="band"><${State} level=${card.state} /> <${WhyButton} figure=${card} /></p>
            </li>
          `,
        )}
      </ul>
    </section>
  `;
}
