/* A list with boxes and a bar (alerts, discovery) from the keyboard: j and k move, x chooses, Enter opens, a chooses all, Escape lets go.
   Without scripts the boxes and the bar work as they are. */

const form = document.querySelector("[data-queue]");
const rows = [...form.querySelectorAll("[data-queue-row]")];
const all = form.querySelector("[data-queue-all]");
const action = form.querySelector("[data-queue-action]");
const boxOf = (row) => row?.querySelector(".pick input");
const boxes = rows.map(boxOf).filter(Boolean);
const count = form.querySelector("[data-queue-count]");
const none = count?.textContent; // as the page says it
let last = null;

function show() {
  const chosen = boxes.filter((box) => box.checked).length;
  if (count) count.textContent = chosen ? count.dataset.some.replace("#", chosen) : none;
  if (all) {
    all.checked = chosen > 0 && chosen === boxes.length;
    all.indeterminate = chosen > 0 && chosen < boxes.length;
  }
  for (const box of boxes) box.closest("tr").classList.toggle("is-chosen", box.checked);
  for (const field of form.querySelectorAll("[data-queue-for]")) {
    field.classList.toggle("is-away", !field.dataset.queueFor.split(" ").includes(action.value));
  }
}

function chooseAll(checked) {
  for (const box of boxes) box.checked = checked;
  show();
}

form.addEventListener("change", (event) => {
  if (event.target === all) return chooseAll(all.checked);
  show();
});

/* Shift and a click: everything between this box and the one before */
form.addEventListener("click", (event) => {
  const here = boxes.indexOf(event.target);
  if (here < 0) return;
  if (event.shiftKey && last !== null) {
    const [from, to] = [Math.min(last, here), Math.max(last, here)];
    for (const box of boxes.slice(from, to + 1)) box.checked = event.target.checked;
  }
  last = here;
  show();
});

const current = () => rows.findIndex((row) => row.contains(document.activeElement));

function move(by) {
  const next = rows[Math.max(0, Math.min(rows.length - 1, current() + by))];
  next?.querySelector("[data-queue-open]").focus();
  next?.scrollIntoView({ block: "nearest" });
}

const KEYS = {
  j: () => move(1),
  k: () => move(current() < 0 ? 1 : -1),
  x: () => boxOf(rows[current()])?.click(),
  a: () => chooseAll(!boxes.every((box) => box.checked)),
  Escape: () => chooseAll(false),
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input:not([type=checkbox]), select, textarea");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return;
  if (event.key.length === 1 && !window.hubKeys.on()) return;
  event.preventDefault();
  KEYS[event.key]();
});

window.addEventListener("pageshow", show);
show();
