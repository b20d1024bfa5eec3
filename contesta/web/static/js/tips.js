const GAP_PX = 8;
const TARGET_PX = 44;
const LEAVE_MS = 200;

/**
 * Show the meaning of whatever has `data-tip` to who points at it or comes to it by keyboard. It stays while it is
 * pointed at, and Escape takes it away.
 *
 * @param {HTMLElement} root
 */
export function showTips(root) {
  const tip = document.createElement("div");
  tip.id = "pista";
  tip.className = "tip";
  tip.setAttribute("role", "tooltip");
  tip.popover = "manual";
  const title = tip.appendChild(document.createElement("strong"));
  const text = tip.appendChild(document.createElement("span"));
  document.body.append(tip);

  /** @type {HTMLElement | null} */
  let target = null;
  /** @type {number | undefined} */
  let leaving;

  const write = () => {
    text.textContent = target?.dataset.tip ?? "";
  };
  const changes = new MutationObserver(write);
  /** @param {HTMLElement | null} next */
  const show = (next) => {
    clearTimeout(leaving);
    if (next === target) return;
    target?.removeAttribute("aria-describedby");
    target = next;
    changes.disconnect();
    if (!next) {
      tip.hidePopover();
      return;
    }
    title.textContent = next.dataset.tipTitle ?? "";
    write();
    changes.observe(next, { attributeFilter: ["data-tip"] });
    next.setAttribute("aria-describedby", tip.id);
    tip.showPopover();
    place(tip, next);
  };
  const leave = () => {
    clearTimeout(leaving);
    leaving = setTimeout(() => show(null), LEAVE_MS);
  };

  root.addEventListener("pointerover", (event) => {
    const found = tipped(event.target);
    if (found) show(found);
    else if (target && target !== tipped(document.activeElement)) leave();
  });
  root.addEventListener("pointerleave", leave);
  root.addEventListener("focusin", (event) => show(tipped(event.target)));
  root.addEventListener("focusout", leave);
  tip.addEventListener("pointerenter", () => clearTimeout(leaving));
  tip.addEventListener("pointerleave", leave);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") show(null);
  });
  document.addEventListener("scroll", () => target && place(tip, target), { passive: true, capture: true });
}

/**
 * @param {EventTarget | null} element
 * @returns {HTMLElement | null}
 */
function tipped(element) {
  const found = element instanceof Element ? element.closest("[data-tip]") : null;
  return found instanceof HTMLElement && found.dataset.tip ? found : null;
}

/**
 * Above what it is about if there is room, else below, where it can be pointed at: it is larger than it looks. Never
 * beyond the edges of the window.
 *
 * @param {HTMLElement} tip
 * @param {HTMLElement} about
 */
function place(tip, about) {
  const box = about.getBoundingClientRect();
  const { width, height } = tip.getBoundingClientRect();
  const beyond = Math.max(0, TARGET_PX - box.height) / 2 + GAP_PX;
  const above = box.top - height - beyond;
  const left = box.left + box.width / 2 - width / 2;
  tip.style.top = `${above >= GAP_PX ? above : box.bottom + beyond}px`;
  tip.style.left = `${Math.max(GAP_PX, Math.min(left, document.documentElement.clientWidth - width - GAP_PX))}px`;
}
