/**
 * Tell the API something.
 *
 * @template Answer
 * @param {"PUT" | "POST"} method
 * @param {string} address
 * @param {unknown} told
 * @returns {Promise<Answer>}
 * @throws {Error} with a message for people
 */
export async function send(method, address, told) {
  let answer;
  try {
    answer = await fetch(address, {
      method,
      cache: "no-store",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(told),
    });
  } catch (error) {
    throw new Error("El servidor no responde. Compruebe la red e intente de nuevo.", { cause: error });
  }
  const said = await answer.json().catch(() => null);
  if (answer.ok) return said;
  throw new Error(said?.error?.message ?? `El servidor respondió ${answer.status}. Intente de nuevo.`);
}
