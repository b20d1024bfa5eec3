import { createContext } from "preact";
import { useContext, useLayoutEffect, useReducer } from "preact/hooks";
import { isCurrent } from "./freshness.js";

/**
 * What every part of the page is given.
 *
 * @typedef {object} Page
 * @property {import("./watch.js").Watch} watch
 * @property {import("./zone.js").Zone} zone
 * @property {boolean} links whether figures lead to their calls
 * @property {boolean} listen whether whoever looks may listen to conversations
 */

export const PageContext = createContext(/** @type {Page} */ (/** @type {unknown} */ (null)));

/** @returns {Page & { current: boolean }} current: whether figures may be held against their thresholds */
export function usePage() {
  const page = useContext(PageContext);
  return { ...page, current: isCurrent(page.watch.freshness) && !page.watch.seeking };
}

/**
 * Be drawn anew after each change of what is watched, once a frame at most.
 *
 * @param {import("./watch.js").Watch} watch
 */
export function useWatched(watch) {
  const [, draw] = useReducer((/** @type {number} */ times) => times + 1, 0);
  useLayoutEffect(() => {
    let coming = false;
    return watch.onChange(() => {
      if (coming) return;
      coming = true;
      requestAnimationFrame(() => {
        coming = false;
        draw(undefined);
      });
    });
  }, [watch]);
}
