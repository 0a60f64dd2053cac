/* Draws the charts of a page. Each `[data-chart="id"]` names a <script type="application/json"> with a Plotly figure
   (made by governance/charts, colours as "var(--hub-…)"). Plotly is 0.5 MB and is only fetched where a chart is,
   except in files that stand alone (governance/exports/html.py), which hold it and this file.
   The page is complete without this file: every chart has its summary and its table beside it. */

const TOKEN = /var\((--hub-[a-z0-9-]+)\)/g;
const CONFIG = { displayModeBar: false, displaylogo: false, responsive: false, doubleClick: false, scrollZoom: false };
const PAPER_WIDTH = 650; // what a card on A4 holds between the margins, in CSS pixels: on paper each stands alone, however narrow on the screen
const LEAST_PLOT = 1 / 3; // of a chart's width, however wide its labels seem; Plotly's own least are 64 pixels
const drawn = new Map();
let printing = false;
let plotly;

function loadPlotly() {
  plotly ??= window.Plotly ? Promise.resolve(window.Plotly) : new Promise((resolve, reject) => {
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

/* A name in at most `most` lines of about `limit` letters; the table beside the chart has it whole */
function broken(text, limit, most) {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1);
    if (!line || line.length + 1 + word.length <= limit) lines[lines.length - 1] = line ? `${line} ${word}` : word;
    else lines.push(word);
  }
  const kept = lines.slice(0, most).map((line) => (line.length > limit + 2 ? `${line.slice(0, limit)}…` : line));
  if (lines.length > most) kept[most - 1] = `${kept[most - 1].replace(/…$/, "")}…`;
  return kept.join("<br>");
}

/* On a narrow screen long names must not squeeze the plot to nothing */
function fitted(layout, width, height) {
  if (width >= 480) return layout;
  const narrow = { ...layout, font: { ...layout.font, size: 11 }, margin: { ...layout.margin, r: 24 } }; // r: half of "28 Nov", which is left out else
  if (layout.yaxis?.ticktext) {
    const limit = Math.max(10, Math.round(width / 22));
    const most = height / layout.yaxis.ticktext.length < 44 ? 2 : 3;
    const ticktext = layout.yaxis.ticktext.map((text) => broken(text.replace("<br>", " "), limit, most));
    narrow.yaxis = { ...layout.yaxis, ticktext, tickfont: { size: 11 } };
  }
  if (layout.xaxis?.type === "date") narrow.xaxis = { ...layout.xaxis, nticks: 4 };
  return narrow;
}

async function draw(element) {
  const source = document.getElementById(element.dataset.chart);
  if (!source) return;
  // What labels need is measured once, while drawing: in a stand-in for the font it stays wrong when the font comes
  const [Plotly] = await Promise.all([loadPlotly(), document.fonts.ready]);
  if (!element.isConnected) return;
  const figure = withColours(JSON.parse(source.textContent), getComputedStyle(document.documentElement));
  const width = printing ? PAPER_WIDTH : element.clientWidth;
  const layout = { ...fitted(figure.layout, width, element.clientHeight), width, height: element.clientHeight, showlegend: false };
  layout.minreducedwidth = Math.round(width * LEAST_PLOT);
  await Plotly.react(element, figure.data, layout, CONFIG);
  if (!drawn.has(element)) {
    element.on("plotly_click", (event) => follow(event.points));
    element.on("plotly_hover", (event) => element.classList.toggle("is-link", event.points.some(address)));
    element.on("plotly_unhover", () => element.classList.remove("is-link"));
  }
  drawn.set(element, width);
  element.classList.add("is-drawn");
}

/* A point's address is its customdata, or on a line of days the line's `meta` with the day, where there is anything on
   it; only addresses of this site are followed */
function address(point) {
  const { meta, x } = point.data;
  const day = meta && point.y ? `${meta}&since=${x[point.pointNumber]}&until=${x[point.pointNumber]}` : "";
  const url = day || (Array.isArray(point.customdata) ? point.customdata[0] : point.customdata);
  return typeof url === "string" && /^\/(?![/\\])/.test(url) ? url : "";
}

function follow(points) {
  const url = points.map(address).find(Boolean);
  if (url) window.location.assign(url);
}

/* What the mouse opens on a chart, the keyboard opens in its table: a cell gets the address of its point. Written when
   the table is opened, for a year of them would weigh more than the page. Columns are found by the names of lines and
   parts; bars stand in the order of the rows, and of days the newest is the first row. */
function linkCells(table, traces) {
  const columns = [...table.tHead.rows[0].cells].map((cell) => escaped(cell.textContent.trim()));
  const rows = [...table.tBodies[0].rows];
  for (const trace of traces) {
    const lying = trace.orientation === "h";
    const column = columns.indexOf(trace.name);
    if (column < 1 || trace.x.length !== rows.length || !(lying || trace.meta)) continue;
    columns[column] = null; // two sites of one name are two columns
    rows.forEach((row, place) => {
      const at = lying ? place : rows.length - 1 - place;
      const amount = (lying ? trace.x : trace.y)[at];
      const url = amount ? address({ data: trace, pointNumber: at, y: amount, customdata: trace.customdata?.[at] }) : "";
      if (url && url !== row.cells[0].querySelector("a")?.getAttribute("href")) linkCell(row.cells[column], url);
    });
  }
}

function linkCell(cell, url) {
  const link = document.createElement("a");
  link.href = url;
  link.textContent = cell.textContent;
  cell.replaceChildren(link);
}

document.addEventListener("toggle", ({ target }) => {
  if (!target.open || !target.matches(".chart-table") || "linked" in target.dataset) return;
  target.dataset.linked = "";
  const plot = target.closest("section").querySelector("[data-chart]");
  linkCells(target.querySelector("table"), JSON.parse(document.getElementById(plot.dataset.chart).textContent).data);
}, true); // it doesn't bubble

/* One after the other, each on the screen before the next is begun */
let turn = Promise.resolve();
let goOn = () => {};

function frame() {
  if (document.hidden || printing) return null;
  return new Promise((resolve) => {
    goOn = resolve;
    requestAnimationFrame(() => setTimeout(resolve));
  });
}

function drawSafely(element) {
  turn = turn.then(() => draw(element)).then(frame).catch((error) => {
    element.classList.add("has-failed");
    element.closest("section")?.querySelector(".chart-table")?.setAttribute("open", "");
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

/* A chart as a file. CSV: what its table shows. Pictures stand alone: with title, unit, period, legend and source, in
   the light theme. The policy lets pictures come from data: only, so a PNG is drawn from the SVG's own text. */

const PICTURE = { width: 1200, head: 84, foot: 68, key: 30 };
const PICTURE_FONT = "Segoe UI, system-ui, sans-serif"; // a file on its own has not the font of the page

/* Text as figures hold it (base.safe) */
function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function words(section, selector) {
  return (section.querySelector(selector)?.textContent ?? "").replace(/\s+/g, " ").trim();
}

function csvCell(text) {
  const number = /^[-+−]?[\d,]+(\.\d+)?$/.test(text) ? text.replaceAll(",", "").replace("−", "-") : "";
  if (number) return number;
  if (text === "–") return "";
  const said = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text; // a spreadsheet would take it for a formula
  return /[",\r\n]/.test(said) ? `"${said.replaceAll('"', '""')}"` : said;
}

function csv(section) {
  const lines = [...section.querySelectorAll(".chart-table tr")].map((row) =>
    [...row.cells].map((cell) => csvCell(cell.textContent.trim())).join(","),
  );
  return new Blob(["\ufeff", lines.join("\r\n"), "\r\n"], { type: "text/csv;charset=utf-8" });
}

/* The light theme's colours, whatever the page shows */
function inLight(read) {
  const root = document.documentElement;
  const theme = root.dataset.bsTheme;
  root.dataset.bsTheme = "light";
  try {
    return read(getComputedStyle(root));
  } finally {
    root.dataset.bsTheme = theme;
  }
}

async function svg(section) {
  const Plotly = await loadPlotly();
  const element = section.querySelector("[data-chart]");
  const given = JSON.parse(document.getElementById(element.dataset.chart).textContent);
  const [figure, ink, quiet] = inLight((styles) => withColours([given, "var(--hub-text)", "var(--hub-text-2)"], styles));
  const keyed = figure.data.filter((trace) => trace.name && trace.showlegend !== false).length > 1;
  const head = PICTURE.head + (keyed ? PICTURE.key : 0);
  const height = element.clientHeight + head + PICTURE.foot;
  const layout = {
    ...figure.layout,
    font: { ...figure.layout.font, family: PICTURE_FONT },
    width: PICTURE.width,
    height,
    paper_bgcolor: "#fff",
    showlegend: keyed,
    margin: { ...figure.layout.margin, l: 24, r: 36, t: head, b: PICTURE.foot },
    legend: { ...figure.layout.legend, xref: "container", x: 24 / PICTURE.width, yref: "container", y: 1 - (PICTURE.head - 4) / height, yanchor: "top" },
    title: {
      text: escaped(words(section, "h2")),
      subtitle: { text: escaped(words(section, ".hub-card-header p")), font: { size: 14, color: quiet } },
      font: { size: 20, color: ink },
      x: 24 / PICTURE.width, xanchor: "left", xref: "container", y: 1 - 30 / height, yanchor: "middle", yref: "container",
    },
  };
  const text = await Plotly.toImage({ data: figure.data, layout, config: CONFIG }, { format: "svg", imageDataOnly: true });
  return { text: withSource(text, words(section, ".chart-source"), quiet, height), width: PICTURE.width, height };
}

/* The line that tells source and age, below the plot; written into the text, for a parsed picture would have its styles refused */
function withSource(text, source, colour, height) {
  const end = text.lastIndexOf("</svg>");
  const place = `x="24" y="${height - 14}" fill="${colour}" font-size="13" font-family="${PICTURE_FONT}"`;
  return `${text.slice(0, end)}<text ${place}>${escaped(source)}</text>${text.slice(end)}`;
}

async function png(section) {
  const { text, width, height } = await svg(section);
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = width * 2;
  canvas.height = height * 2;
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

const FILES = {
  csv,
  png,
  svg: async (section) => new Blob([(await svg(section)).text], { type: "image/svg+xml" }),
};

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-chart-file]");
  if (!button) return;
  const section = button.closest("section");
  const kind = button.dataset.chartFile;
  button.closest("details").removeAttribute("open");
  try {
    save(await FILES[kind](section), `${section.id.replace(/^chart-/, "")}.${kind}`);
  } catch (error) {
    section.querySelector(".chart-file-failed").hidden = false;
    console.error("chart file", section.id, error);
  }
});

// Where the page has it fetched ahead, it is compiled aside while the page is laid out; drawing reports what fails
if (document.querySelector('link[rel="preload"][as="script"]')) loadPlotly().catch(() => {});
find(document);
document.addEventListener("htmx:afterSettle", (event) => find(event.target));
// Paper doesn't wait for what is fetched: where no chart has come near yet, it is fetched once nothing else is to do
window.addEventListener("load", () => window.requestIdleCallback?.(() => document.querySelector("[data-chart]") && loadPlotly().catch(() => {})));
document.addEventListener("htmx:beforeCleanupElement", (event) => {
  if (drawn.has(event.target)) {
    window.Plotly.purge(event.target);
    drawn.delete(event.target);
  }
});
window.addEventListener("hub:theme", () => printing || redraw());
window.addEventListener("beforeprint", () => {
  printing = true;
  goOn(); // paper waits for no frame, and the change to the light theme has begun to draw
  for (const element of document.querySelectorAll("[data-chart]")) drawSafely(element);
});
window.addEventListener("afterprint", () => {
  printing = false;
  redraw();
});
