/** Does a little work for the form while it is being read: it lets more people of one network ask. Nobody needs it. */

const form = /** @type {HTMLFormElement | null} */ (document.querySelector("form[data-key]"));

/**
 * Finds a word with which the key's hash begins with so many zero bits.
 * @param {string} key
 * @param {number} bits
 */
async function work(key, bits) {
  const text = new TextEncoder();
  for (let tried = 0; ; tried++) {
    const hash = new DataView(await crypto.subtle.digest("SHA-256", text.encode(`${key}:${tried}`)));
    if (hash.getUint32(0) >>> (32 - bits) === 0) return String(tried);
  }
}

const field = form?.querySelector("[name=prueba]");
if (form && field instanceof HTMLInputElement && globalThis.crypto?.subtle) {
  field.value = await work(form.dataset.key ?? "", Number(form.dataset.bits));
}

export {};
