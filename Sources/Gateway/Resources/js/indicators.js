// The page of the network: what every city measures in the same way, side by side.

import { figure, locale, unit } from "./words.js";

const box = document.getElementById("indicators");
const button = box?.querySelector("button");
const choice = document.getElementById("indicator");
const told = document.getElementById("indicators-told");
const table = document.getElementById("indicators-table");
const words = box?.dataset ?? {};
const language = document.documentElement.lang || "en";
// Under each name of an indicator what the cities say of it.
let kinds = new Map();

const say = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
const text = (attribute) => [attribute?.value].flat()[0] ?? "";

// A name in the language of the page; a city that has none in it says it in its own.
const name = (entity) => text(entity.name) || text(entity.alternateName) || entity.id;

function read(entity) {
  const { value, unitCode = null, observedAt } = entity.kpiValue ?? {};
  if (typeof value !== "number") return null;
  return {
    kind: text(entity.alternateName) || name(entity),
    name: name(entity),
    city: text(entity.addressLocality) || entity.id,
    value, unitCode, observedAt,
    formula: text(entity.calculationFormula),
    from: [entity.derivedFrom?.object ?? []].flat(),
  };
}

// What most cities say: the definition that others are compared with.
function usual(cities) {
  const tellers = new Map();
  for (const { formula, unitCode, city } of cities) {
    const key = JSON.stringify([formula, unitCode]);
    tellers.set(key, (tellers.get(key) ?? new Set()).add(city));
  }
  return JSON.parse([...tellers].sort((a, b) => b[1].size - a[1].size)[0][0]);
}

function cell(row, kind, content) {
  const made = document.createElement(kind);
  if (content !== undefined) made.textContent = content;
  row.append(made);
  return made;
}

function lineage(made, { from }) {
  if (!from.length) return;
  const details = document.createElement("details");
  cell(details, "summary", `${from.length}`);
  for (const id of from) cell(details, "div").append(Object.assign(document.createElement("code"), { className: "break small", textContent: id }));
  made.append(details);
}

function show() {
  const cities = kinds.get(choice.value) ?? [];
  if (!cities.length) return;
  const [formula, unitCode] = usual(cities);
  const isUsual = (city) => city.formula === formula && city.unitCode === unitCode;
  const most = Math.max(...cities.filter(isUsual).map(({ value }) => Math.abs(value)), Number.MIN_VALUE);
  const body = document.createElement("tbody");
  for (const city of cities.toSorted((a, b) => isUsual(b) - isUsual(a) || b.value - a.value)) {
    const row = body.insertRow();
    const head = cell(row, "th", city.city);
    head.scope = "row";
    const value = cell(row, "td", `${figure(city.value)} ${unit(city.unitCode)} `);
    if (isUsual(city)) {
      const bar = Object.assign(document.createElement("meter"), { min: 0, max: most, value: Math.abs(city.value) });
      bar.setAttribute("aria-hidden", "true");
      value.prepend(bar, " ");
    } else {
      cell(value, "div", say(words.other, { formula: city.formula || "–" })).className = "worry small";
    }
    const time = new Date(city.observedAt ?? NaN);
    cell(row, "td", Number.isNaN(time.getTime()) ? "" : time.toLocaleString(locale)).className = "small";
    lineage(cell(row, "td"), city);
  }
  table.tBodies[0]?.remove();
  table.append(body);
  table.parentElement.hidden = false;
  document.getElementById("indicator-formula").textContent = say(words.formula, { formula: formula || "–" });
}

// One question, which the hub passes on to all cities that it knows.
async function compare() {
  const address = `/ngsi-ld/v1/entities?type=KeyPerformanceIndicator&limit=1000&lang=${encodeURIComponent(language)}`;
  const response = await fetch(address, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error((await response.json()).detail ?? `${response.status}`);
  kinds = new Map();
  for (const city of (await response.json()).map(read).filter((each) => each)) {
    kinds.set(city.kind, [...(kinds.get(city.kind) ?? []), city]);
  }
  const missing = response.headers.get("NGSILD-Warning");
  told.textContent = missing ? say(words.missing, { reasons: missing }) : kinds.size ? "" : words.none;
  told.classList.toggle("worry", Boolean(missing));
  const before = choice.value;
  choice.replaceChildren(...[...kinds].map(([kind, cities]) => new Option(say(words.choice, { name: cities[0].name, count: cities.length }), kind)));
  if (kinds.has(before)) choice.value = before;
  choice.parentElement.hidden = kinds.size === 0;
  show();
}

choice?.addEventListener("change", show);
button?.addEventListener("click", async () => {
  button.disabled = true;
  told.textContent = "…";
  try { await compare(); } catch (problem) {
    told.textContent = say(words.failed, { reason: problem.message });
  }
  button.disabled = false;
});
