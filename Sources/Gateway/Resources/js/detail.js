// The side panel: one entity with everything known about it.

import { chart } from "./chart.js";
import { history } from "./hub.js";
import { chartable, isAhead, isSilent, mainName, mainValue, scaleOf, valueOf } from "./kinds.js";
import * as times from "./times.js";
import * as words from "./words.js";

// Hours back from now; 0 is all there is.
const spans = [
  [words.t("mapDay"), 24], [words.t("mapWeek"), 168], [words.t("mapMonth"), 731], [words.t("mapYear"), 8766],
  [words.t("mapAll"), 0],
];
const panel = document.getElementById("detail");
let shown = null, opener = null, attribute = null, hours = 24, pending = null;
let closed = () => {};

export const shownID = () => shown?.id;
export const onClose = (action) => { closed = action; };

export function open(entity, label) {
  if (!shown) opener = document.activeElement;
  shown = entity;
  attribute = chartable(entity)[0] ?? null;
  hours = spanOf(entity.attributes[attribute]);
  panel.replaceChildren(heading(label), fact(), silence(), picture(), table(), identifier());
  panel.hidden = false;
  panel.scrollTop = 0;
  panel.focus({ preventScroll: true });
  draw();
}

// The shortest time that has a reading in it.
function spanOf(reading) {
  const age = (words.now() - reading?.observedAt) / 3600000;
  if (!(age >= 0)) return 24;
  return spans.find(([, span]) => span > age)?.[1] ?? 0;
}

// New readings came in: everything but the chart, which has its own pace, is made anew.
export function update(entity) {
  if (entity.id !== shown?.id) return;
  shown = entity;
  panel.querySelector(".fact").replaceWith(fact());
  panel.querySelector(".silence").replaceWith(silence());
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
  const button = words.make("button", { type: "button", class: "close", "aria-label": words.t("mapClose") }, "×");
  button.addEventListener("click", close);
  const title = words.make("div", {},
    words.make("h2", { id: "detail-name" }, shown.name),
    words.make("p", { class: "kind" }, `${label}${source()}`));
  return words.make("header", {}, title, button);
}

function source() {
  const says = ["dataProvider", "source"].map((name) => shown.attributes[name]?.value)
    .filter((value) => typeof value === "string");
  return says.length ? ` · ${words.t("mapFrom", { source: says.join(", ") })}` : "";
}

function fact() {
  const value = mainValue(shown);
  if (!value) return words.make("p", { class: "fact" });
  const at = shown.attributes[mainName(shown)].observedAt;
  const age = words.make("span", { class: isAhead(shown) ? "ahead" : "muted" },
    `· ${words.ago(Number.isFinite(at) ? at : shown.newest)}`);
  return words.make("p", { class: "fact" },
    words.make("b", {}, value.value), words.make("span", {}, value.unit), age);
}

// Whether it should have reported and did not.
function silence() {
  const part = words.make("p", { class: "silence ahead" });
  if (!isSilent(shown)) return part;
  const since = shown.attributes.silent.observedAt;
  part.append(words.t("mapSilent", { ago: words.ago(since) }));
  return part;
}

function picture() {
  const names = chartable(shown);
  const box = words.make("div", { class: "chart" });
  if (!names.length) return box;
  const choices = [
    [names.map((name) => [words.attributeName(name), name]), () => attribute, (name) => { attribute = name; }, words.t("mapAttribute")],
    [spans, () => hours, (span) => { hours = span; }, words.t("mapTime")],
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
  const { signal } = pending;
  const entity = shown;
  try {
    const series = scaled(await history(entity, attribute, hours, signal), scaleOf(entity, attribute).factor);
    if (signal.aborted || entity.id !== shown?.id) return;
    canvas.replaceChildren(...drawing(series));
  } catch (error) {
    if (error.name === "AbortError") return;
    canvas.replaceChildren(words.make("p", {}, words.t("mapNoHistory")));
  }
}

const scaled = (series, factor) => factor === 1 ? series : {
  ...series,
  points: series.points.map((each) => ({
    ...each, mean: each.mean * factor, least: each.least * factor, most: each.most * factor,
  })),
};

// The chart, or why there is none; and what is not in it.
function drawing(series) {
  const parts = [];
  const { observedAt } = shown.attributes[attribute];
  if (series.points.length) {
    const { unit } = scaleOf(shown, attribute);
    parts.push(chart(series, { label: words.attributeName(attribute), unit }));
  } else {
    const none = words.t(series.total ? "mapNoNumbers" : "mapNoReadings");
    const isOlder = observedAt < series.from;
    const newest = isOlder ? ` ${words.t("mapNewestOf", { time: times.say(observedAt, observedAt, series.to) })}` : "";
    parts.push(words.make("p", {}, none + newest));
  }
  if (isAhead(shown, attribute)) {
    const time = times.say(observedAt, words.now(), observedAt);
    parts.push(words.make("p", { class: "ahead" }, words.t("mapAhead", { time })));
  }
  return parts;
}

// Once a minute the open chart catches up, unless somebody reads it with the keyboard.
setInterval(() => {
  if (shown && !document.hidden && !panel.querySelector(".canvas")?.contains(document.activeElement)) draw();
}, 60000);

// A value with its unit; of a Relationship the things it leads to, to be opened here.
function content(each) {
  if (each.isLink) {
    const links = [each.value].flat().map((id) =>
      words.make("a", { href: `#${encodeURIComponent(id)}`, title: id }, words.localName(id)));
    return links.flatMap((link, index) => (index ? [", ", link] : [link]));
  }
  const { value, unit } = valueOf(shown, each.name);
  return [`${value} ${unit}`.trim()];
}

function table() {
  // What was measured comes first, then what describes the thing.
  const rows = Object.values(shown.attributes).filter((each) => each.name !== "name" && each.name !== "silent")
    .sort((a, b) => Number.isFinite(b.observedAt) - Number.isFinite(a.observedAt));
  const body = words.make("tbody", {});
  for (const each of rows) {
    const cell = words.make("td", {}, ...content(each));
    if (Number.isFinite(each.observedAt)) {
      const at = words.make("time", { datetime: new Date(each.observedAt).toISOString() }, words.ago(each.observedAt));
      cell.append(isAhead(shown, each.name)
        ? words.make("small", { class: "ahead" }, at) : words.make("small", {}, `${words.t("mapObserved")} `, at));
    }
    body.append(words.make("tr", {}, words.make("th", { scope: "row" }, words.attributeName(each.name)), cell));
  }
  return words.make("table", { class: "values" },
    words.make("caption", { class: "sr" }, words.t("mapAllAttributes")), body);
}

function identifier() {
  const path = `/ngsi-ld/v1/entities/${encodeURIComponent(shown.id)}`;
  return words.make("p", { class: "id" }, `${shown.type} · `, words.make("a", { href: path }, shown.id));
}
