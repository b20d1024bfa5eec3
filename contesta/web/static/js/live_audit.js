import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { lasting, OwnListening, useListening } from "./listening.js";

/**
 * A conversation that is audited while it goes on: it is listened to here, and its seconds count from the answer.
 *
 * @param {object} props
 * @param {import("./view.d.ts").LiveOf} props.live
 * @param {import("./announcer.js").Announcer} props.announcer
 * @param {{ current: () => number | null }} props.clock is given what tells the second of the conversation
 * @param {() => void} props.hear show the recording
 */
export function LiveConversation({ live, announcer, clock, hear }) {
  const listening = useListening(announcer);
  const { now, current, at, moment, ended, problem, said, begin } = listening;
  const [over, setOver] = useState("");
  const goesOn = now?.conversations.some(({ call, agent }) => call === live.call && agent === live.agent) ?? true;
  const since = Date.parse(live.since);
  const heard = now?.own?.call === live.call && now.own.agent === live.agent;

  useEffect(() => {
    clock.current = () => (goesOn ? Math.max(0, Math.round((moment() - since) / 100) / 10) : null);
    if (!goesOn && !over) {
      setOver(lasting(at - since));
      announcer.say("La conversación terminó.");
    }
    return () => {
      clock.current = () => null;
    };
  }, [goesOn]);

  if (ended) return html`<p class="fault" role="alert">${ended}</p>`;
  return html`
    <div class="live">
      ${problem && html`<p class="fault" role="alert">${problem}</p>`}
      ${said && html`<p class="sentence">${said}</p>`}
      ${
        goesOn
          ? html`
        <p class="going-on"><span class="outcome ok">En curso</span> <span class="time">${lasting(at - since)}</span> desde que contestó</p>
        <${OwnListening} listening=${listening} />
        ${!heard && html`<button type="button" disabled=${!current || Boolean(now?.own)} onClick=${() => begin(live.call, live.agent)}>Escuchar la conversación</button>`}
        <p class="help">La tecla F marca la falla en el segundo que se oye. La grabación se puede oír cuando termine.</p>`
          : html`
        <p class="gap">La conversación terminó a los ${over}. Su borrador sigue aquí.</p>
        <button type="button" class="quiet" onClick=${hear}>Oír la grabación</button>`
      }
    </div>
  `;
}
