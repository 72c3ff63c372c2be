// The side panel: one entity with everything known about it.

import { chart } from "./chart.js";
import { history } from "./hub.js";
import { chartable, kindOf, mainValue } from "./kinds.js";
import * as words from "./words.js";

const spans = [["Day", 24], ["Week", 168], ["All", 0]];
const panel = document.getElementById("detail");
let shown = null, opener = null, attribute = null, hours = 24, pending = null;
let closed = () => {};

export const shownID = () => shown?.id;
export const onClose = (action) => { closed = action; };

export function open(entity, label) {
  if (!shown) opener = document.activeElement;
  shown = entity;
  attribute = chartable(entity)[0] ?? null;
  hours = 24;
  panel.replaceChildren(heading(label), fact(), picture(), table(), identifier());
  panel.hidden = false;
  panel.scrollTop = 0;
  panel.focus({ preventScroll: true });
  draw();
}

// New readings came in: everything but the chart, which has its own pace, is made anew.
export function update(entity) {
  if (entity.id !== shown?.id) return;
  shown = entity;
  panel.querySelector(".fact").replaceWith(fact());
  panel.querySelector(".values").replaceWith(table());
}

export function close() {
  if (!shown) return;
  shown = null;
  pending?.abort();
  panel.hidden = true;
  opener?.focus?.();
  closed();
}

document.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });

function heading(label) {
  const button = words.make("button", { type: "button", class: "close", "aria-label": "Close" }, "×");
  button.addEventListener("click", close);
  const title = words.make("div", {},
    words.make("h2", { id: "detail-name" }, shown.name),
    words.make("p", { class: "kind" }, `${label}${source()}`));
  return words.make("header", {}, title, button);
}

function source() {
  const says = ["dataProvider", "source"].map((name) => shown.attributes[name]?.value)
    .filter((value) => typeof value === "string");
  return says.length ? ` · from ${says.join(", ")}` : "";
}

function fact() {
  const value = mainValue(shown, words);
  if (!value) return words.make("p", { class: "fact" });
  return words.make("p", { class: "fact" },
    words.make("b", {}, value.value), words.make("span", {}, value.unit),
    words.make("span", { class: "muted" }, `· ${words.ago(shown.newest)}`));
}

function picture() {
  const names = chartable(shown);
  const box = words.make("div", { class: "chart" });
  if (!names.length) return box;
  const choices = [
    [names.map((name) => [words.attributeName(name), name]), () => attribute, (name) => { attribute = name; }, "Attribute"],
    [spans, () => hours, (span) => { hours = span; }, "Time"],
  ];
  for (const [list, current, choose, label] of choices) {
    const group = words.make("div", { class: "choice", role: "group", "aria-label": label });
    for (const [text, value] of list) {
      const button = words.make("button", { type: "button", "aria-pressed": current() === value }, text);
      button.addEventListener("click", () => {
        choose(value);
        for (const each of group.children) each.setAttribute("aria-pressed", each === button);
        draw();
      });
      group.append(button);
    }
    box.append(group);
  }
  box.append(words.make("div", { class: "canvas" }));
  return box;
}

async function draw() {
  const canvas = panel.querySelector(".canvas");
  if (!canvas || !attribute) return;
  pending?.abort();
  pending = new AbortController();
  const entity = shown;
  try {
    const points = await history(entity.id, attribute, hours, pending.signal);
    if (entity.id !== shown?.id) return;
    const sign = words.unit(entity.attributes[attribute]?.unitCode);
    canvas.replaceChildren(points.length > 1
      ? chart(points, { label: words.attributeName(attribute), unit: sign })
      : words.make("p", {}, "Not enough readings in this time for a line."));
  } catch (error) {
    if (error.name === "AbortError") return;
    canvas.replaceChildren(words.make("p", {}, "The history cannot be read right now."));
  }
}

// Once a minute the open chart catches up.
setInterval(() => { if (shown && !document.hidden) draw(); }, 60000);

function table() {
  // What was measured comes first, then what describes the thing.
  const rows = Object.values(shown.attributes).filter((each) => each.name !== "name")
    .sort((a, b) => Number.isFinite(b.observedAt) - Number.isFinite(a.observedAt));
  const body = words.make("tbody", {});
  for (const each of rows) {
    const isShare = each.unitCode === "C62" || !each.unitCode;
    const value = `${words.plain(each.value)} ${isShare ? "" : words.unit(each.unitCode)}`.trim();
    const cell = words.make("td", {}, value);
    if (Number.isFinite(each.observedAt)) {
      const at = words.make("time", { datetime: new Date(each.observedAt).toISOString() }, words.ago(each.observedAt));
      cell.append(words.make("small", {}, "observed ", at));
    }
    body.append(words.make("tr", {}, words.make("th", { scope: "row" }, words.attributeName(each.name)), cell));
  }
  return words.make("table", { class: "values" },
    words.make("caption", { class: "sr" }, "All attributes"), body);
}

function identifier() {
  const path = `/ngsi-ld/v1/entities/${encodeURIComponent(shown.id)}`;
  return words.make("p", { class: "id" }, `${shown.type} · `, words.make("a", { href: path }, shown.id));
}
