/**
 * Ask the API.
 *
 * @template Answer
 * @param {string} address
 * @param {Record<string, string>} query
 * @param {AbortSignal} [signal]
 * @returns {Promise<Answer>}
 * @throws {Error} with a message for people
 */
export async function ask(address, query, signal) {
  let answer;
  try {
    answer = await fetch(`${address}?${new URLSearchParams(query)}`, { cache: "no-store", signal: signal ?? null });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Error("El servidor no responde. Compruebe la red e intente de nuevo.", { cause: error });
  }
  const said = await answer.json().catch(() => null);
  if (answer.ok) return said;
  throw new Error(said?.error?.message ?? `El servidor respondió ${answer.status}. Intente de nuevo.`);
}
