/* The search box: "/" goes to it, arrow keys go through what it found, Escape closes it. The list comes by htmx. */

const form = document.querySelector("[data-search]");
const box = form?.querySelector("input");
const found = form?.querySelector(".hub-search-found");

function hits() {
  return [...found.querySelectorAll("[data-search-hit]")];
}

function close() {
  found.replaceChildren();
}

function isTyping(target) {
  return target.matches?.("input, textarea, select, [contenteditable]");
}

function go(step) {
  const all = hits();
  const next = all.indexOf(document.activeElement) + step;
  if (next < 0) box.focus();
  else all[Math.min(next, all.length - 1)]?.focus();
}

if (form) {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (!window.hubKeys.on()) return;
    event.preventDefault();
    const nav = form.closest("[data-nav]");
    nav?.classList.contains("is-open") || nav?.scrollIntoView({ block: "nearest" });
    box.focus();
    box.select();
  });

  form.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!hits().length) return;
      event.preventDefault();
      if (event.key === "ArrowUp" && document.activeElement === box) return;
      go(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Escape") {
      if (hits().length) event.preventDefault(); // this is what it closed
      close();
      box.focus();
    }
  });

  document.addEventListener("click", (event) => {
    if (!form.contains(event.target)) close();
  });
  form.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !form.contains(event.relatedTarget)) close();
  });
}
