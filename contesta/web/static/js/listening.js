import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { send } from "./send.js";

/**
 * @typedef {import("./view.d.ts").ListeningNow} ListeningNow
 * @typedef {import("./view.d.ts").Listened} Listened
 * @typedef {object} Listening
 * @property {ListeningNow | null} now
 * @property {boolean} current whether `now` is of this moment
 * @property {number} at the server's clock, in milliseconds, to the second
 * @property {() => number} moment the same, now
 * @property {string} ended why there is no more to hear from the server, "" while there is
 * @property {string} problem why the last order failed
 * @property {string} said what the last order did
 * @property {(call: string, agent: string) => void} begin
 * @property {(whisper: boolean) => void} whisper
 * @property {() => void} stop
 */

const LISTENING = "/api/v1/listening";
const SILENCE_MS = 5_000;

/**
 * The conversations that go on, and one's own listening.
 *
 * @param {import("./announcer.js").Announcer} announcer
 * @returns {Listening}
 */
export function useListening(announcer) {
  const [now, setNow] = useState(/** @type {ListeningNow | null} */ (null));
  const [ended, end] = useState("");
  const [problem, fail] = useState("");
  const [said, say] = useState("");
  const [clock, tick] = useState(() => Date.now());
  const heardAt = useRef(Date.now());
  const skew = useRef(0);

  useEffect(() => {
    const source = new EventSource(`${LISTENING}/stream`);
    source.addEventListener("listening", (event) => {
      heardAt.current = Date.now();
      /** @type {ListeningNow} */
      const told = JSON.parse(event.data);
      setNow((before) => {
        if (before?.own && !told.own) {
          say(told.said);
          announcer.say(told.said);
        } else if (told.own?.answered_at && !before?.own?.answered_at) {
          say("");
          announcer.say(`Escucha a ${told.own.agent}.`);
        }
        return told;
      });
    });
    source.addEventListener("heartbeat", (event) => {
      heardAt.current = Date.now();
      skew.current = Date.parse(JSON.parse(event.data).at) - Date.now();
    });
    source.addEventListener("end", (event) => {
      const told = JSON.parse(event.data);
      if (told.again) return;
      source.close();
      end(told.reason);
    });
    const ticking = setInterval(() => tick(Date.now()), 1_000);
    return () => {
      source.close();
      clearInterval(ticking);
    };
  }, []);

  /**
   * @param {string} what
   * @param {unknown} told
   */
  const order = async (what, told) => {
    try {
      const done = /** @type {Listened} */ (await send("POST", `${LISTENING}/${what}`, told));
      say(done.said);
      fail("");
      announcer.say(done.said);
    } catch (error) {
      fail(error instanceof Error ? error.message : String(error));
    }
  };

  return {
    now,
    current: Boolean(now?.connected) && clock - heardAt.current <= SILENCE_MS,
    at: clock + skew.current,
    moment: () => Date.now() + skew.current,
    ended,
    problem,
    said,
    begin: (call, agent) => void order("begin", { call, agent }),
    whisper: (whisper) => void order("mode", { whisper }),
    stop: () => void order("stop", {}),
  };
}

/**
 * What whoever is here listens to, and what may be done with it.
 *
 * @param {{ listening: Listening }} props
 */
export function OwnListening({ listening }) {
  const { now, at, whisper, stop } = listening;
  const own = now?.own;
  if (!own) return null;
  const word = own.answered_at
    ? `${own.whispering ? "▲ Le habla al oído a" : "● Escucha a"} ${own.agent}`
    : "▲ Suena su teléfono de escucha. Contéstelo.";
  return html`
    <section class="own-listening" aria-label="Lo que usted escucha">
      <span class=${own.whispering ? "doing whispering" : "doing"}>${word}</span>
      ${own.answered_at && html`<span class="time">${lasting(at - Date.parse(own.answered_at))}</span>`}
      ${own.answered_at && html`<span class="help">${own.whispering ? "El asesor le oye. El ciudadano no." : "Nadie le oye a usted."}</span>`}
      <span class="act">
        ${
          own.answered_at && now.may_whisper
            ? html`<button type="button" class="quiet" onClick=${() => whisper(!own.whispering)}>
                ${own.whispering ? "Solo escuchar" : "Susurrar al asesor"}
              </button>`
            : null
        }
        <button type="button" onClick=${stop}>Dejar de escuchar</button>
      </span>
    </section>
  `;
}

/** @param {number} ms */
export function lasting(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = String(seconds % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}
