/* Draws the charts of a page. Each `[data-chart="id"]` names a <script type="application/json"> with a Plotly figure
   (made by governance/charts, colours as "var(--hub-…)"). Plotly is 0.5 MB and is only fetched where a chart is.
   The page is complete without this file: every chart has its summary and its table beside it. */

const TOKEN = /var\((--hub-[a-z0-9-]+)\)/g;
const CONFIG = { displayModeBar: false, displaylogo: false, responsive: false, doubleClick: false, scrollZoom: false };
const PAPER_WIDTH = 680; // what A4 holds between its margins, in CSS pixels
const drawn = new Map();
let printing = false;
let plotly;

function loadPlotly() {
  plotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = document.querySelector('meta[name="hub-plotly"]').content;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => reject(new Error("the chart library could not be loaded"));
    document.head.append(script);
  });
  return plotly;
}

/* A copy of the figure with every colour token replaced by its value in the present theme */
function withColours(value, styles) {
  if (typeof value === "string") {
    return value.includes("var(--hub-") ? value.replace(TOKEN, (_, name) => styles.getPropertyValue(name).trim()) : value;
  }
  if (Array.isArray(value)) return value.map((item) => withColours(item, styles));
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withColours(item, styles)]));
  }
  return value;
}

/* A name in at most two lines of about `limit` letters; the table beside the chart has it whole */
function broken(text, limit) {
  if (text.length <= limit) return text;
  const space = text.lastIndexOf(" ", limit);
  const first = space > 3 ? text.slice(0, space) : text.slice(0, limit - 1) + "…";
  if (space <= 3) return first;
  const rest = text.slice(space + 1);
  return `${first}<br>${rest.length > limit ? `${rest.slice(0, limit - 1).trimEnd()}…` : rest}`;
}

/* On a narrow screen long names must not squeeze the plot to nothing */
function fitted(layout, width) {
  if (width >= 480) return layout;
  const narrow = { ...layout, font: { ...layout.font, size: 11 }, margin: { ...layout.margin, r: 20 } };
  if (layout.yaxis?.ticktext) {
    const limit = Math.max(10, Math.round(width / 22));
    const ticktext = layout.yaxis.ticktext.map((text) => broken(text.replace("<br>", " "), limit));
    narrow.yaxis = { ...layout.yaxis, ticktext, tickfont: { size: 11 } };
  }
  if (layout.xaxis?.type === "date") narrow.xaxis = { ...layout.xaxis, nticks: 4 };
  return narrow;
}

async function draw(element) {
  const source = document.getElementById(element.dataset.chart);
  if (!source) return;
  const Plotly = await loadPlotly();
  if (!element.isConnected) return;
  const figure = withColours(JSON.parse(source.textContent), getComputedStyle(document.documentElement));
  const width = printing ? Math.min(element.clientWidth, PAPER_WIDTH) : element.clientWidth;
  const layout = { ...fitted(figure.layout, width), width, height: element.clientHeight, showlegend: false };
  await Plotly.react(element, figure.data, layout, CONFIG);
  if (!drawn.has(element)) {
    element.on("plotly_click", (event) => follow(event.points[0]));
    element.on("plotly_hover", (event) => element.classList.toggle("is-link", Boolean(address(event.points[0]))));
    element.on("plotly_unhover", () => element.classList.remove("is-link"));
  }
  drawn.set(element, width);
  element.classList.add("is-drawn");
}

/* A point's address is its customdata; only addresses of this site are followed */
function address(point) {
  const url = Array.isArray(point.customdata) ? point.customdata[0] : point.customdata;
  return typeof url === "string" && /^\/(?![/\\])/.test(url) ? url : "";
}

function follow(point) {
  const url = address(point);
  if (url) window.location.assign(url);
}

/* One after the other, each on the screen before the next is begun */
let turn = Promise.resolve();
const frame = () => new Promise((resolve) => (document.hidden || printing ? resolve() : requestAnimationFrame(() => setTimeout(resolve))));

function drawSafely(element) {
  turn = turn.then(() => draw(element)).then(frame).catch((error) => {
    element.classList.add("has-failed");
    element.closest("section")?.querySelector("details")?.setAttribute("open", "");
    console.error("chart", element.dataset.chart, error);
  });
}

/* Charts are drawn when they come near the screen, so that a long page is ready at once */
const near = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      near.unobserve(entry.target);
      drawSafely(entry.target);
    }
  },
  { rootMargin: "400px" },
);

const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (drawn.has(target) && Math.abs(drawn.get(target) - target.clientWidth) > 1) drawSafely(target);
  }
});

function find(scope) {
  for (const element of scope.querySelectorAll("[data-chart]")) {
    near.observe(element);
    sizes.observe(element);
  }
}

function redraw() {
  for (const element of drawn.keys()) {
    if (element.isConnected) drawSafely(element);
    else drawn.delete(element);
  }
}

find(document);
document.addEventListener("htmx:afterSettle", (event) => find(event.target));
document.addEventListener("htmx:beforeCleanupElement", (event) => {
  if (drawn.has(event.target)) {
    window.Plotly.purge(event.target);
    drawn.delete(event.target);
  }
});
window.addEventListener("hub:theme", redraw);
window.addEventListener("beforeprint", () => {
  printing = true;
  for (const element of document.querySelectorAll("[data-chart]")) drawSafely(element);
});
window.addEventListener("afterprint", () => {
  printing = false;
  redraw();
});
