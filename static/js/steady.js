/* Nothing that a person does is lost while htmx saves and brings news. Loaded on every page; works on what asks for it:

   - no answer is put into the page while a button is held down, since a click needs the element it began on;
   - what lies under the pointer, or has the focus, stays where it is on the screen when things come or go above it;
   - the focus goes on where its element is replaced or gone;
   - [data-undecided], a choice between one's own words and somebody else's: who leaves it open is asked whether to leave;
   - [data-day-of], the day of a state: it becomes today with a new state, unless it was set by hand;
   - [data-keep], on what htmx saves by its hx-post: what was changed and not yet confirmed as saved is sent when the page is left;
   - [data-alone]: a box that rules the others of its group out ("none of these"). */

/* ---- pressed buttons ---- */
let released = Promise.resolve();
let release = () => {};

document.addEventListener("pointerdown", () => {
  released = new Promise((resolve) => (release = resolve));
}, true);
for (const end of ["pointerup", "pointercancel", "dragend"]) {
  document.addEventListener(end, () => setTimeout(release), true); // the click itself comes right after
}
window.addEventListener("blur", () => release());

document.addEventListener("htmx:beforeSend", (event) => {
  const { xhr } = event.detail;
  const arrived = xhr.onload;
  xhr.onload = () => released.then(() => arrived.call(xhr));
});

/* ---- the place under the hand, and the focus ---- */
const PLACE = ".question, .what-if-rows > *, .control, .field";
let kept = null;

function onScreen(element) {
  const box = element.getBoundingClientRect();
  return box.bottom > 0 && box.top < window.innerHeight;
}

function placeOf(element) {
  const place = element?.closest(PLACE);
  return place && onScreen(place) ? place : null;
}

document.addEventListener("htmx:beforeSwap", (event) => {
  const focused = document.activeElement;
  const hovered = [...document.querySelectorAll(PLACE)].filter((one) => one.matches(":hover")).pop();
  const place = placeOf(hovered) ?? placeOf(focused);
  const question = focused?.closest(".question");
  const home = focused?.closest("[data-keep]");
  kept = {
    place,
    top: place?.getBoundingClientRect().top,
    focused,
    link: focused?.getAttribute?.("href"),
    places: [question?.id, question?.nextElementSibling?.id, question?.previousElementSibling?.id, home?.id],
  };
  dropIfOld(event);
});

function findAgain({ focused, link, places }) {
  if (focused.id && document.getElementById(focused.id)) return document.getElementById(focused.id);
  if (link) return document.querySelector(`a[href="${CSS.escape(link)}"]`);
  const place = places.map((id) => id && document.getElementById(id)).find((one) => one?.matches(".question, [data-keep]"));
  return place?.querySelector("input:checked") ?? place?.querySelector("select, textarea, input:not([type=hidden])");
}

document.addEventListener("htmx:afterSwap", () => {
  if (!kept) return;
  if (kept.focused && !kept.focused.isConnected) findAgain(kept)?.focus({ preventScroll: true });
  const moved = kept.place?.isConnected ? kept.place.getBoundingClientRect().top - kept.top : 0;
  if (moved) window.scrollBy({ top: moved, behavior: "instant" });
  kept = null;
});

/* ---- what is not saved yet ---- */
const changes = new WeakMap(); // what is to be kept → how often it changed since the page was there
const saved = new WeakMap(); // the same → the count that the server has confirmed
const sent = new WeakMap(); // request → the count that it carries
let saves = 0; // answers that changed the page: what was asked before one of them is old
const asked = new WeakMap(); // request → `saves` when it was sent

function noteChange(event) {
  const place = event.target.closest?.("[data-keep]");
  if (place) changes.set(place, (changes.get(place) ?? 0) + 1);
}

document.addEventListener("input", noteChange, true);
document.addEventListener("change", noteChange, true);

document.addEventListener("htmx:beforeRequest", (event) => {
  sent.set(event.detail.xhr, changes.get(event.detail.elt) ?? 0);
  asked.set(event.detail.xhr, saves);
});

document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, xhr, successful } = event.detail;
  if (successful && changes.has(elt)) saved.set(elt, sent.get(xhr));
});

document.addEventListener("submit", (event) => {
  if (event.defaultPrevented) return;
  for (const place of document.querySelectorAll("[data-keep]")) {
    if (event.target.contains(place)) saved.set(place, changes.get(place)); // the browser sends it as a whole
  }
  for (const choice of event.target.querySelectorAll("[data-undecided]")) delete choice.dataset.undecided; // it comes back
});

window.addEventListener("beforeunload", (event) => {
  if (document.querySelector("[data-undecided]")) event.preventDefault();
});

window.addEventListener("pagehide", () => {
  for (const place of document.querySelectorAll("[data-keep]")) {
    if (!changes.has(place) || saved.get(place) === changes.get(place)) continue;
    const body = new URLSearchParams(new FormData(place.closest("form")));
    fetch(place.getAttribute("hx-post"), { method: "POST", body, keepalive: true, headers: { "HX-Request": "true" } }).catch(() => {});
  }
});

/* What the other answers would change: told anew after each save, so what was asked before it is dropped */
function dropIfOld(event) {
  const { elt, xhr, requestConfig } = event.detail;
  if (requestConfig.verb !== "get") saves += 1;
  else if (elt.matches("[data-after-save]") && asked.get(xhr) !== saves) event.detail.shouldSwap = false;
}

/* ---- "none of these" and "I don't know" ---- */
document.addEventListener("change", (event) => {
  const box = event.target;
  if (box.type !== "checkbox" || !box.checked) return;
  const alone = "alone" in box.dataset;
  for (const other of box.closest("fieldset")?.querySelectorAll("input[type=checkbox]") ?? []) {
    if (other !== box && (alone || "alone" in other.dataset)) other.checked = false;
  }
}, true);

/* ---- the day of a state ---- */
document.addEventListener("change", (event) => {
  if (!event.target.id) return;
  for (const day of document.querySelectorAll(`[data-day-of="${CSS.escape(event.target.id)}"]`)) {
    if (day.value === day.defaultValue) day.value = day.dataset.today;
  }
}, true);
