import { useRef, useState } from "preact/hooks";
import { arrange } from "./order.js";

/**
 * Keep the order of things while somebody points at them or has the focus among them, so that nothing moves away
 * from under a finger.
 *
 * @template Thing
 * @param {Thing[]} things in the order they should have
 * @param {(thing: Thing) => string} keyOf
 */
export function useSteadyOrder(things, keyOf) {
  const [held, hold] = useState(/** @type {string[] | null} */ (null));
  const inside = useRef({ pointer: false, focus: false });
  const { arranged, moves } = arrange(things, held, keyOf);

  const keep = () => hold((before) => before ?? things.map(keyOf));
  const leave = () => {
    if (!inside.current.pointer && !inside.current.focus) hold(null);
  };
  const goAway = () => {
    inside.current.pointer = false;
    leave();
  };
  const surround = {
    onPointerEnter: () => {
      inside.current.pointer = true;
      keep();
    },
    onPointerLeave: (/** @type {PointerEvent} */ event) => {
      const tip = event.relatedTarget instanceof Element && event.relatedTarget.closest("[role=tooltip]");
      if (tip) {
        tip.addEventListener("pointerleave", goAway, { once: true });
      } else goAway();
    },
    onFocusIn: () => {
      inside.current.focus = true;
      keep();
    },
    onFocusOut: (/** @type {FocusEvent & { currentTarget: Element }} */ event) => {
      inside.current.focus = event.relatedTarget instanceof Node && event.currentTarget.contains(event.relatedTarget);
      leave();
    },
  };
  return { arranged, moves, apply: () => hold(things.map(keyOf)), surround };
}
