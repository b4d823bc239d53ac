/* The table of questions: searched, filtered, sorted and paged here. */

const PAGE = 50;
const NONE = "none"; /* stands for a name that is empty */
const FACETS = { status: "statuses", split: "splits", lesson: "lessons", task: "tasks" };
const state = { text: "", status: "", split: "", lesson: "", task: "", sort: "status", down: false, page: 0 };
let columns = null, names = null, haystack = [], found = [], keys = new Map();
const opened = new Set();

const fold = (text) => (/[^\x00-\x7f]/.test(text) ? text.normalize("NFKD").replace(/\p{M}/gu, "") : text).toLowerCase();

let loading = null;
const load = () => (loading ??= read());

async function read() {
  columns = await unpack("index");
  names = columns.names;
  haystack = columns.question.map((text, row) =>
    fold([text, columns.gold[row], columns.answer[row], names.groups[columns.group[row]], columns.id[row]].join("\n")));
  columns.id.forEach((id, row) => { keys.set(keys.has(id) ? `${id}@${names.tasks[columns.task[row]]}` : id, row); });
  addSorting();
  byId("pages").hidden = false;
  update();
}

const keyOf = (row) => (keys.get(columns.id[row]) === row ? columns.id[row] : `${columns.id[row]}@${names.tasks[columns.task[row]]}`);

/* One pass finds the matching rows and, for every facet, how many match all but its own choice. */
function filter() {
  const words = fold(state.text).split(/\s+/).filter(Boolean);
  const facets = Object.keys(FACETS).map((facet) => ({
    column: columns[facet], wanted: state[facet] ? names[FACETS[facet]].indexOf(state[facet] === NONE ? "" : state[facet]) : -1,
    counts: new Array(names[FACETS[facet]].length).fill(0), total: 0,
  }));
  found = [];
  for (let row = 0; row < haystack.length; row++) {
    if (!words.every((word) => haystack[row].includes(word))) continue;
    let failed = 0, last = null;
    for (const facet of facets) if (facet.wanted >= 0 && facet.column[row] !== facet.wanted) { failed++; last = facet; }
    if (failed > 1) continue;
    for (const facet of failed ? [last] : facets) { facet.counts[facet.column[row]]++; facet.total++; }
    if (!failed) found.push(row);
  }
  Object.keys(FACETS).forEach((facet, index) => showFacet(facet, facets[index]));
  sort();
}

function showFacet(facet, { counts, total }) {
  const options = [el("option", { value: "" }, `all (${format(total)})`)];
  names[FACETS[facet]].forEach((name, index) => {
    const value = name || NONE;
    if (counts[index] || state[facet] === value) options.push(el("option", { value }, `${spaced(value)} (${format(counts[index])})`));
  });
  byId(facet).replaceChildren(...options);
  byId(facet).value = state[facet];
}

function sort() {
  const column = columns[state.sort], sign = state.down ? -1 : 1;
  found.sort((one, other) => (column[one] < column[other] ? -sign : column[one] > column[other] ? sign : one - other));
}

function update(keepPage = false) {
  filter();
  const last = Math.max(0, Math.ceil(found.length / PAGE) - 1);
  state.page = keepPage ? Math.min(state.page, last) : 0;
  show();
}

function show() {
  const start = state.page * PAGE, rows = found.slice(start, start + PAGE), last = Math.max(0, Math.ceil(found.length / PAGE) - 1);
  byId("table").tBodies[0].replaceChildren(...rows.map(line));
  for (const row of rows) if (opened.has(row)) expand(row);
  byId("count").textContent = found.length
    ? `${format(found.length)} of ${format(columns.id.length)} questions; shown are ${format(start + 1)} to ${format(start + rows.length)}.`
    : "No question matches. Clear a filter, or search for fewer words.";
  byId("page").textContent = `Page ${format(state.page + 1)} of ${format(last + 1)}`;
  byId("previous").disabled = state.page === 0;
  byId("next").disabled = state.page === last;
  for (const cell of byId("table").tHead.rows[0].cells) {
    if (cell.dataset.sort === state.sort) cell.setAttribute("aria-sort", state.down ? "descending" : "ascending");
    else cell.removeAttribute("aria-sort");
  }
}

function line(row) {
  const button = el("button", { type: "button", class: "open", "aria-expanded": "false", id: `open-${row}` }, columns.question[row] || "(empty)");
  button.addEventListener("click", () => (opened.has(row) ? collapse(row) : expand(row)));
  const split = spaced(names.splits[columns.split[row]]);
  return el("tr", {},
    el("th", { scope: "row" }, button, el("small", { class: "small-only" }, split)),
    el("td", { class: "extra" }, names.tasks[columns.task[row]]),
    el("td", { class: "extra" }, split),
    el("td", { class: "path" }, ...path(columns.path[row])),
    el("td", { class: "status" }, names.statuses[columns.status[row]]),
    el("td", { class: "extra" }, names.lessons[columns.lesson[row]]));
}

function path(steps) {
  const said = { 0: "wrong", 1: "right", "-": "not asked" };
  const signs = [...steps].map((step) => el("span", { class: step === "1" ? "r" : step === "0" ? "w" : "n" }, step === "1" ? "✓" : step === "0" ? "✗" : "–"));
  return [el("span", { "aria-hidden": "true" }, ...signs), el("span", { class: "unseen" }, [...steps].map((step) => said[step]).join(", then "))];
}

async function expand(row) {
  opened.add(row);
  const button = byId(`open-${row}`);
  if (!button || button.getAttribute("aria-expanded") === "true") return;
  button.setAttribute("aria-expanded", "true");
  button.setAttribute("aria-controls", `detail-${row}`);
  const body = await detail(row);
  if (!opened.has(row) || !button.isConnected || byId(`detail-${row}`)) return;
  const across = [...byId("table").tHead.rows[0].cells].filter((cell) => cell.offsetParent !== null).length;
  button.closest("tr").after(el("tr", { class: "detail", id: `detail-${row}` }, el("td", { colspan: across }, body)));
}

function collapse(row) {
  opened.delete(row);
  byId(`open-${row}`).setAttribute("aria-expanded", "false");
  byId(`detail-${row}`)?.remove();
}

function addSorting() {
  for (const cell of byId("table").tHead.rows[0].cells) {
    const button = el("button", { type: "button" }, cell.textContent);
    button.addEventListener("click", () => {
      state.down = state.sort === cell.dataset.sort && !state.down;
      state.sort = cell.dataset.sort;
      sort();
      state.page = 0;
      show();
    });
    cell.replaceChildren(button);
  }
}

/* The address says what is shown: #status=broken&split=held_out, or #q=ID for one question. */
async function follow() {
  if (!location.hash.includes("=")) return;
  const asked = new URLSearchParams(location.hash.slice(1));
  await load();
  for (const name of ["text", ...Object.keys(FACETS)]) state[name] = asked.get(name) ?? "";
  byId("text").value = state.text;
  update();
  const row = keys.get(asked.get("q"));
  if (asked.get("q") === null) byId("questions").scrollIntoView();
  else if (row === undefined) byId("count").textContent = `This run has no question ${asked.get("q")}.`;
  else {
    state.page = Math.floor(found.indexOf(row) / PAGE);
    show();
    await expand(row);
    byId(`open-${row}`).focus({ preventScroll: true });
    byId(`open-${row}`).scrollIntoView({ block: "start" });
  }
}

function remember() {
  const asked = new URLSearchParams();
  for (const name of ["text", ...Object.keys(FACETS)]) if (state[name]) asked.set(name, state[name]);
  history.replaceState(null, "", asked.size ? `#${asked}` : "#questions");
}

function start() {
  if (!byId("table")) return;
  byId("filter").hidden = false;
  let waiting = 0;
  const changed = async () => {
    await load();
    state.text = byId("text").value;
    for (const facet of Object.keys(FACETS)) state[facet] = byId(facet).value;
    update();
    remember();
  };
  byId("filter").addEventListener("submit", (event) => event.preventDefault());
  byId("text").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(changed, 120); });
  for (const facet of Object.keys(FACETS)) byId(facet).addEventListener("change", changed);
  byId("filter").addEventListener("reset", () => setTimeout(changed));
  byId("previous").addEventListener("click", () => { state.page--; show(); });
  byId("next").addEventListener("click", () => { state.page++; show(); });
  addEventListener("hashchange", follow);
  const seen = new IntersectionObserver((entries) => { if (entries.some((entry) => entry.isIntersecting)) { seen.disconnect(); load(); } }, { rootMargin: "600px" });
  seen.observe(byId("questions"));
  follow();
}

if ("DecompressionStream" in window) start();
else if (byId("count")) byId("count").textContent += " Searching needs a newer browser.";
