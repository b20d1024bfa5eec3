import { send } from "./send.js";

/** Keep each answer as soon as it is chosen, so that nothing is lost when the page is closed. */
function start() {
  const form = /** @type {HTMLFormElement | null} */ (document.querySelector("form.sheet"));
  const status = document.getElementById("guardado");
  if (!form || !status) return;
  const { answers = "" } = form.dataset;
  let saving = Promise.resolve();

  /** @param {string} name of the question's fields, such as "p3" */
  const keep = async (name) => {
    const letters = new FormData(form).getAll(name);
    try {
      const kept = /** @type {import("./view.d.ts").AnswerKept} */ (
        await send("PUT", `${answers}/${name.slice(1)}`, { letters })
      );
      status.textContent = kept.unanswered ? `Guardado. Faltan ${kept.unanswered}.` : "Guardado. Ya puede entregar.";
    } catch (error) {
      status.textContent = error instanceof Error ? error.message : String(error);
    }
  };
  form.addEventListener("change", ({ target }) => {
    if (target instanceof HTMLInputElement) saving = saving.then(() => keep(target.name));
  });
}

start();
