/**
 * @typedef {object} DeskKey
 * @property {string[]} keys as `keyOf` names them
 * @property {boolean} [inText] whether it also works while text is written
 * @property {() => void} act
 */

/**
 * @param {KeyboardEvent} event
 * @returns {string} "k", "Shift+ArrowLeft", "Ctrl+Enter"
 */
export function keyOf(event) {
  const { key } = event;
  const named = key.length > 1;
  const shift = event.shiftKey && named ? "Shift+" : "";
  return (event.ctrlKey || event.metaKey ? "Ctrl+" : "") + shift + (named ? key : key.toLowerCase());
}

/**
 * Act on the keys of the desk: never those of a text, of a dialog or of the page's head.
 *
 * @param {DeskKey[]} keys
 * @param {boolean} single whether keys without Ctrl do something
 * @returns {() => void} what ends it
 */
export function onDeskKeys(keys, single) {
  /** @param {KeyboardEvent} event */
  const pressed = (event) => {
    const { target } = event;
    if (event.altKey || document.querySelector("dialog[open]")) return;
    if (target instanceof Element && target.closest("body > header")) return;
    const name = keyOf(event);
    const found = keys.find((each) => each.keys.includes(name));
    if (!found || (!single && !name.startsWith("Ctrl+"))) return;
    if (!found.inText && target instanceof Element && target.closest("input, select, textarea")) return;
    if (name === " " && target instanceof Element && target.closest("button, a, summary")) return;
    event.preventDefault();
    found.act();
  };
  document.addEventListener("keydown", pressed);
  return () => document.removeEventListener("keydown", pressed);
}
