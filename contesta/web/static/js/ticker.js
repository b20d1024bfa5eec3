import { useEffect, useState } from "preact/hooks";

const STEP_MS = 250;

/** @type {Set<() => void>} */
const listeners = new Set();
/** @type {number | undefined} */
let timer;

/**
 * Be called a few times a second. One timer serves all.
 *
 * @param {() => void} listener
 * @returns {() => void} what ends it
 */
export function onTick(listener) {
  listeners.add(listener);
  timer ??= setInterval(() => {
    for (const told of listeners) told();
  }, STEP_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/**
 * Give a value that depends on the present moment; the component is drawn anew when it changes.
 *
 * @template Value
 * @param {() => Value} read cheap; gives something that can be compared with ===
 * @returns {Value}
 */
export function useTicking(read) {
  const [, draw] = useState(read);
  useEffect(() => onTick(() => draw(read())));
  return read();
}
