import { html } from "htm/preact";

/**
 * @typedef {import("./view.d.ts").ContactTold} Contact
 * @typedef {import("./view.d.ts").SurveyTold} Told
 * @typedef {import("./view.d.ts").QuestionTold} Question
 * @typedef {import("./view.d.ts").AnswerSaid} Answer
 */

/**
 * Give what is answered by now: what is being written, or else what was saved.
 *
 * @param {Contact} contact
 * @returns {Answer[]}
 */
export function answersOf({ surveys, draft }) {
  if (draft.answers?.length) return draft.answers;
  return surveys.flatMap(({ survey, questions }) =>
    questions.flatMap(({ name, answer, keyed }) =>
      answer === null || keyed ? [] : [{ survey, question: name, answer }],
    ),
  );
}

/**
 * The survey of a campaign, to be answered for the citizen. A number key answers the question that has the focus, and
 * goes on to the next one.
 *
 * @param {object} props
 * @param {Told} props.told
 * @param {Answer[]} props.answers
 * @param {(question: string, answer: number | string | null) => void} props.answer
 */
export function Survey({ told, answers, answer }) {
  return html`
    <section class="survey" aria-labelledby=${`encuesta-${told.survey}`}>
      <h3 id=${`encuesta-${told.survey}`}>${told.title}</h3>
      <p class="help">Campaña ${told.campaigns.map((name) => `«${name}»`).join(", ")}. ${!told.refused && told.how}</p>
      ${
        told.refused
          ? html`<p class="gap">▲ ${told.refused}</p>`
          : told.questions.map(
              (question) => html`
                <${Asked} key=${question.name} survey=${told.survey} question=${question}
                  given=${answers.find((one) => one.survey === told.survey && one.question === question.name)?.answer ?? null}
                  answer=${(/** @type {number | string | null} */ given) => answer(question.name, given)} />`,
            )
      }
    </section>
  `;
}

/**
 * @param {object} props
 * @param {string} props.survey
 * @param {Question} props.question
 * @param {number | string | null} props.given
 * @param {(given: number | string | null) => void} props.answer
 */
function Asked({ survey, question, given, answer }) {
  const name = `${survey}-${question.name}`;
  if (question.keyed) {
    const word = question.choices.find(({ value }) => value === question.answer)?.word ?? String(question.answer);
    return html`<p><strong>${question.title}</strong> <span class="said">● La persona respondió por teclas: ${word}. Esa respuesta vale.</span></p>`;
  }
  if (question.choices.length === 0)
    return html`
      <label for=${name}>${question.title}<span class="said">${question.text}</span></label>
      <textarea id=${name} rows="2" maxlength="4000" value=${given ?? ""}
        onInput=${(/** @type {Event & { currentTarget: HTMLTextAreaElement }} */ event) => answer(event.currentTarget.value.trim() ? event.currentTarget.value : null)}></textarea>`;
  return html`
    <fieldset onKeyDown=${(/** @type {KeyboardEvent & { currentTarget: HTMLElement }} */ event) => {
      const chosen = question.choices.find(({ value }) => String(value) === event.key);
      if (!chosen || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      answer(chosen.value);
      focusAfter(event.currentTarget);
    }}>
      <legend>${question.title}<span class="said">${question.text}</span></legend>
      <div class="scale">
        ${[...question.choices, { value: null, word: "Sin respuesta" }].map(
          ({ value, word }) => html`
            <label key=${word}>
              <input type="radio" name=${name} checked=${given === value} onChange=${() => answer(value)} />
              <span>${value !== null && word !== String(value) ? html`<kbd>${value}</kbd> ` : null}${word}</span>
            </label>`,
        )}
      </div>
    </fieldset>
  `;
}

/** @param {HTMLElement} question */
function focusAfter(question) {
  const next = question.nextElementSibling;
  const field = next?.matches("label") ? next.nextElementSibling : next?.querySelector("input:checked, input");
  if (field instanceof HTMLElement) field.focus();
}
