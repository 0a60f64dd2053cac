/* Small behaviours of the shell. Everything works without them; they only make it quicker.
   Events are caught at the document, so that fragments brought in by htmx behave like the rest. */

const root = document.documentElement;

/* Navigation on a phone */
function toggleNavigation(button) {
  const nav = button.closest("[data-nav]");
  const open = nav.classList.toggle("is-open");
  button.setAttribute("aria-expanded", String(open));
}

/* Menus: one open at a time; a click outside or Escape closes them */
function closeMenus(except) {
  for (const menu of document.querySelectorAll("[data-menu][open]")) {
    if (menu !== except) menu.open = false;
  }
}

/* What this browser was told: theme, and whether single keys act */
function showChoices() {
  const choice = window.hubTheme.choice();
  for (const button of document.querySelectorAll("[data-theme-choice]")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeChoice === choice));
  }
  for (const button of document.querySelectorAll("[data-keys-choice]")) {
    button.setAttribute("aria-pressed", String(window.hubKeys.on()));
  }
}

/* What is said here stands in the page (components/script_texts.html), translated with it */
const texts = document.getElementById("script-texts").dataset;

/* Copying a value that is shown once */
async function copyValue(button) {
  const box = button.closest("[data-copy-box]");
  const input = box.querySelector("[data-copy-value]");
  const label = box.querySelector("[data-copy-label]");
  input.select();
  try {
    await navigator.clipboard.writeText(input.value);
    label.textContent = texts.copied;
  } catch {
    label.textContent = texts.pressToCopy; // the value is selected; clipboards need a secure page
  }
}

/* Where the keyboard was, on the same page once it is there anew */
const STOPS = "[data-filter-bar] [id], .sortable a, .columns-menu > summary";

function comeBackTo(element) {
  const place = [...document.querySelectorAll(STOPS)].indexOf(element);
  try {
    window.sessionStorage.setItem("hub-focus", JSON.stringify([location.pathname, element.id, place]));
  } catch {
    // storage may be switched off: the page begins at its top then
  }
}

function comeBack() {
  try {
    const [path, id, place] = JSON.parse(window.sessionStorage.getItem("hub-focus") ?? "[]");
    window.sessionStorage.removeItem("hub-focus");
    if (path !== location.pathname) return;
    const element = id ? document.getElementById(id) : document.querySelectorAll(STOPS)[place];
    const menu = element?.closest("[data-menu]:not([open])");
    (menu?.querySelector("summary") ?? element)?.focus({ preventScroll: true });
  } catch {
    // as above
  }
}

/* What was sent is answered on the page that follows: the focus goes there, so that it is read out and the keyboard goes on from it */
function goToAnswer() {
  try {
    if (!window.sessionStorage.getItem("hub-sent")) return;
    window.sessionStorage.removeItem("hub-sent");
  } catch {
    return; // as above
  }
  const answer = document.querySelector("main .note-error, main .messages") ?? document.querySelector('main [aria-invalid="true"]');
  if (!answer) return;
  if (!answer.matches("input, select, textarea")) answer.tabIndex = -1;
  answer.focus({ preventScroll: Boolean(location.hash) });
}

/* Filter bars: submit on change, without the parameters that say nothing. What the keys change in a closed list or a
   date is on its way to what is meant: it counts with Enter, or when the focus goes on. */
let lastKey = "";
let opened = false; // the list, by a key: what is chosen in it is meant
let onItsWay = null;

document.addEventListener("pointerdown", () => (lastKey = ""), true);
document.addEventListener("keydown", (event) => {
  lastKey = event.key;
  opened = (opened || event.key === " " || event.altKey) && !["Escape", "Tab"].includes(event.key);
  if (event.key !== "Enter" || event.target !== onItsWay) return;
  event.preventDefault();
  submitFilters(onItsWay.form);
}, true);

document.addEventListener("change", (event) => {
  const form = event.target.closest?.("[data-filter-bar]");
  if (!form || event.target.type === "search" || event.target.type === "text") return;
  if (lastKey === "" || lastKey === "Enter" || opened) submitFilters(form);
  else onItsWay = event.target;
});

/* What is taken from suggestions is meant; what is typed counts with Enter. Some browsers say nothing of how it came. */
document.addEventListener("input", (event) => {
  if (!event.target.matches?.("[data-filter-bar] [data-choose]")) return;
  if (event.inputType && event.inputType !== "insertReplacementText") return;
  const offered = [...(event.target.list?.options ?? [])].some((one) => one.value === event.target.value);
  if (offered) submitFilters(event.target.form);
});

document.addEventListener("focusout", (event) => {
  if (event.target !== onItsWay || !event.relatedTarget) return;
  comeBackTo(event.relatedTarget.form === onItsWay.form ? event.relatedTarget : onItsWay);
  submitFilters(onItsWay.form);
});

function submitFilters(form) {
  if (lastKey === "Enter" || opened) comeBackTo(document.activeElement);
  leaveOutEmpty(form);
  form.submit();
}

function leaveOutEmpty(form) {
  for (const element of form.elements) {
    if (element.name && element.value === "") element.disabled = true;
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-filter-bar]")) leaveOutEmpty(form);
  const columns = form.closest(".columns-menu");
  if (columns) comeBackTo(columns.querySelector("summary"));
  if (form.method !== "post" || event.defaultPrevented) return;
  try {
    window.sessionStorage.setItem("hub-sent", "1");
  } catch {
    // as above
  }
});

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  if (!target) return;
  closeMenus(target.closest("[data-menu]"));
  const navigation = target.closest("[data-nav-button]");
  if (navigation) toggleNavigation(navigation);
  const theme = target.closest("[data-theme-choice]");
  if (theme) {
    window.hubTheme.choose(theme.dataset.themeChoice);
    showChoices();
  }
  if (target.closest("[data-keys-choice]")) {
    window.hubKeys.turn(!window.hubKeys.on());
    showChoices();
  }
  const copy = target.closest("[data-copy]");
  if (copy) copyValue(copy);
  const confirmed = target.closest("[data-confirm]");
  if (confirmed && !window.confirm(confirmed.dataset.confirm)) event.preventDefault();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented) return;
  const open = document.querySelector("[data-menu][open]");
  const navigation = document.querySelector("[data-nav].is-open [data-nav-button]");
  if (open) {
    closeMenus(null);
    open.querySelector("summary").focus();
  } else if (navigation) {
    toggleNavigation(navigation);
    navigation.focus();
  }
});

/* Nor does a menu lie over the page once the focus has left it */
document.addEventListener("focusout", (event) => {
  if (event.relatedTarget) closeMenus(event.relatedTarget.closest("[data-menu]"));
});

document.addEventListener("click", (event) => {
  if (event.detail !== 0) return; // by Enter
  const sorted = event.target.closest?.(".sortable a");
  if (sorted) comeBackTo(sorted);
  const gone = event.target.closest?.(".filter-chips a"); // with its filter, which the bar above sets again
  if (gone) comeBackTo(document.querySelector("[data-filter-bar] [id]"));
  const columns = event.target.closest?.(".columns-menu a")?.closest(".columns-menu");
  if (columns) comeBackTo(columns.querySelector("summary"));
});

/* What htmx could not save or fetch is said where it was asked for: htmx itself swaps nothing in then. What asks again and
   again says it once. */
function showProblem(event) {
  const { elt, requestConfig, xhr } = event.detail;
  const source = requestConfig?.triggeringEvent?.target ?? elt;
  if (source.closest?.("[data-search]")) return; // Enter opens the page of results
  const place = source.closest?.(".field, fieldset, form") ?? elt;
  const status = xhr?.status;
  const why = { 0: texts.unreachable, 401: texts.signedOut, 403: texts.notAllowed }[status ?? 0] ?? texts.wentWrong;
  const text = `${requestConfig?.verb === "get" ? texts.notFetched : texts.notSaved} ${why}`;
  if ([...place.querySelectorAll("[data-request-problem]")].some((note) => note.textContent === text)) return;
  const note = document.createElement("p");
  note.className = "invalid-feedback d-block";
  note.dataset.requestProblem = "";
  note.setAttribute("role", "alert");
  note.textContent = text;
  place.append(note);
}

function forgetProblems() {
  for (const note of document.querySelectorAll("[data-request-problem]")) note.remove();
}

document.addEventListener("htmx:responseError", showProblem);
document.addEventListener("htmx:sendError", showProblem);
document.addEventListener("htmx:beforeRequest", ({ detail }) => detail.requestConfig.verb !== "get" && forgetProblems());
document.addEventListener("htmx:afterRequest", ({ detail }) => detail.successful && forgetProblems());

/* Wide tables and rows of tabs: a fade where there is more to the right; for phones, each cell is told its column's head */
function showCut(box) {
  box.classList.toggle("is-cut", box.scrollWidth - box.clientWidth - box.scrollLeft > 1);
}

const widths = new ResizeObserver((entries) => entries.forEach((entry) => showCut(entry.target)));

function prepareTables(scope) {
  for (const box of scope.querySelectorAll(".table-scroll, .hub-tabs")) {
    widths.observe(box);
    box.addEventListener("scroll", () => showCut(box), { passive: true });
  }
  for (const table of scope.querySelectorAll("table.stacks")) {
    const heads = [...table.tHead.rows[0].cells].map((head) => head.querySelector(".visually-hidden") ? "" : (head.querySelector("a")?.firstChild ?? head).textContent.trim());
    for (const cell of table.querySelectorAll("tbody > tr > td:not([colspan])")) {
      cell.dataset.label ||= heads[cell.cellIndex] ?? "";
    }
  }
}

prepareTables(document);
document.addEventListener("htmx:afterSettle", (event) => prepareTables(event.target));

/* Paper says where it is from, with every filter, and when that was */
window.addEventListener("beforeprint", () => {
  const place = document.querySelector("[data-print-address]");
  const loaded = new Date(performance.timeOrigin).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
  if (place) place.textContent = `${location.href} · ${loaded}`;
});

/* Coming back by the browser's button must not find disabled filters, nor the choice that was made before leaving:
   browsers put it back into the fields, and the figures below are of the page's own filters */
window.addEventListener("pageshow", (event) => {
  for (const element of document.querySelectorAll("[data-filter-bar] :disabled")) element.disabled = false;
  if (event.persisted || performance.getEntriesByType("navigation")[0]?.type === "back_forward") {
    for (const form of document.querySelectorAll("[data-filter-bar]")) form.reset();
    onItsWay = null;
  }
  showChoices();
});

comeBack();
goToAnswer();
root.classList.add("is-ready");
