/**
 * Arrange things as they were held: those held come first, in that order; new ones follow as they come.
 *
 * @template Thing
 * @param {Thing[]} things in the order they should have
 * @param {string[] | null} held keys in the order to keep; null: none
 * @param {(thing: Thing) => string} keyOf
 * @returns {{ arranged: Thing[], moves: number }} moves: how many must move to come to the order they should have
 */
export function arrange(things, held, keyOf) {
  if (!held) return { arranged: things, moves: 0 };
  const wanted = new Map(things.map((thing, place) => [keyOf(thing), place]));
  const kept = held.filter((key) => wanted.has(key));
  const known = new Set(kept);
  const keys = [...kept, ...[...wanted.keys()].filter((key) => !known.has(key))];
  const places = keys.map((key) => wanted.get(key) ?? 0);
  return {
    arranged: places.map((place) => /** @type {Thing} */ (things[place])),
    moves: places.length - longestRise(places),
  };
}

/**
 * @param {number[]} places all different
 * @returns {number} length of the longest part, gaps allowed, that only rises
 */
function longestRise(places) {
  /** @type {number[]} smallest last place of a rise of each length */
  const ends = [];
  for (const place of places) {
    const at = ends.findIndex((end) => end > place);
    ends[at < 0 ? ends.length : at] = place;
  }
  return ends.length;
}
