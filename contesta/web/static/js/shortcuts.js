/**
 * @typedef {object} Shortcut
 * @property {string} key
 * @property {string} does for people
 * @property {() => void} act
 */

/**
 * Act on single keys, unless they are part of a text or a dialog is open.
 *
 * @param {Shortcut[]} shortcuts
 * @returns {() => void} what ends it
 */
export function onKeys(shortcuts) {
  /** @param {KeyboardEvent} event */
  const pressed = (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || takesText(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    const found = shortcuts.find(({ key }) => key === event.key.toLowerCase());
    if (!found) return;
    event.preventDefault();
    found.act();
  };
  document.addEventListener("keydown", pressed);
  return () => document.removeEventListener("keydown", pressed);
}

/** @param {EventTarget | null} target */
function takesText(target) {
  return target instanceof Element && target.closest("input, select, textarea, [contenteditable]") !== null;
}
