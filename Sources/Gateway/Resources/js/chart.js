// A line chart in SVG: time to the right, values from zero (or their least) upwards. Where many
// readings share a place the hub has summed them up: a line of means in a band from least to greatest.

import * as times from "./times.js";
import { figure, make, t } from "./words.js";

const width = 360, height = 170, right = 8, top = 8, bottom = 22, letter = 6.3;
// Readings further apart than this many usual steps leave a gap: nobody measured.
const gapSteps = 3;
// Of so few readings each has a dot, so that a line does not look like more than there is.
const dotLimit = 60;

const svg = (tag, attributes, text) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
};

// Round steps of 1, 2 or 5, about four of them, with as many decimals as tell them apart.
function valueTicks(low, high) {
  const raw = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const size = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= raw * 0.999);
  const digits = Math.min(20, Math.max(0, -Math.floor(Math.log10(size) + 1e-9)));
  const style = high >= 1e6 || low <= -1e6 ? { notation: "compact" }
    : { minimumFractionDigits: digits, maximumFractionDigits: digits };
  const list = [];
  for (let index = Math.ceil(low / size); index * size <= high + size / 1e6; index += 1) {
    const value = index * size;
    list.push({ value, text: value.toLocaleString("en", style).replaceAll(",", "\u202f") });
  }
  return list;
}

// The longest step between readings that is still usual.
function usualStep(points, length) {
  const steps = points.slice(1).map((point, index) => point.at - points[index].at).sort((a, b) => a - b);
  return Math.max(steps[Math.floor(steps.length * 0.75)] ?? 0, length);
}

// Runs of readings without a gap, and the gaps, those at the ends of the period included.
function runsAndGaps({ points, from, to, length }) {
  const longest = usualStep(points, length) * gapSteps;
  const runs = [[]], gaps = [];
  points.forEach((point, index) => {
    const before = points[index - 1];
    if (before && point.at - before.at > longest) {
      runs.push([]);
      gaps.push([before.to, point.from]);
    }
    runs.at(-1).push(point);
  });
  if (points.length < 2) return { runs, gaps };
  if (points[0].from - from > longest) gaps.unshift([from, points[0].from]);
  if (to - points.at(-1).to > longest) gaps.push([points.at(-1).to, to]);
  return { runs, gaps };
}

function bounds(points) {
  const least = Math.min(...points.map((each) => each.least));
  const most = Math.max(...points.map((each) => each.most));
  const spread = most - least || Math.abs(most) * 0.1 || 1;
  const low = least >= 0 && least < most * 0.75 ? 0 : least - spread * 0.15;
  return { least, most, low, high: most + (most - low || spread) * 0.06 };
}

// The picture, what it shows in words, and the reading that is pointed at.
export function chart(series, { label, unit }) {
  const { points, from, to } = series;
  const { least, most, low, high } = bounds(points);
  const values = valueTicks(low, high);
  const left = 10 + letter * Math.max(...values.map((each) => each.text.length));
  const x = (at) => left + ((at - from) / (to - from || 1)) * (width - left - right);
  const y = (value) => height - bottom - ((value - low) / (high - low)) * (height - top - bottom);
  const { runs, gaps } = runsAndGaps(series);

  const root = svg("svg", {
    viewBox: `0 0 ${width} ${height}`, role: "img", tabindex: 0,
    "aria-label": t("mapChart", {
      label, count: figure(series.total), from: times.say(from, from, to), to: times.say(to, from, to),
      least: figure(least), most: `${figure(most)} ${unit}`.trim(), last: figure(points.at(-1).mean),
    }),
  });
  drawGaps(root, gaps, x);
  for (const { value, text } of values) {
    root.append(svg("line", { class: "grid", x1: left, x2: width - right, y1: y(value), y2: y(value) }));
    root.append(svg("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, text));
  }
  drawTimes(root, from, to, x);
  for (const run of runs) drawRun(root, run, x, y, points.length <= dotLimit);
  const reading = make("p", { class: "reading", "aria-live": "polite" });
  follow(root, reading, series, x, y, unit);
  return make("div", {}, reading, root, make("p", { class: "note" }, note(series, gaps)));
}

function drawGaps(root, gaps, x) {
  for (const [start, end] of gaps) {
    const box = svg("rect", {
      class: "gap", x: x(start), width: Math.max(1, x(end) - x(start)), y: top, height: height - top - bottom,
    });
    box.append(svg("title", {}, t("mapNoReadingsHere")));
    root.append(box);
  }
}

// As many ticks as there is room for.
function drawTimes(root, from, to, x) {
  const floor = height - bottom;
  let free = 0;
  for (const { at, text } of times.ticks(from, to, 7)) {
    root.append(svg("line", { class: "tick", x1: x(at), x2: x(at), y1: floor, y2: floor + 4 }));
    const half = (text.length * letter) / 2;
    const middle = Math.min(width - half, Math.max(half, x(at)));
    if (middle - half < free) continue;
    free = middle + half + letter;
    root.append(svg("text", { x: middle, y: height - 4, "text-anchor": "middle" }, text));
  }
}

function drawRun(root, run, x, y, hasDots) {
  for (const { at, mean } of hasDots || run.length === 1 ? run : []) {
    root.append(svg("circle", { class: "dot", cx: x(at), cy: y(mean), r: 1.8 }));
  }
  const path = (list, value) => list.map((each) => `${x(each.at).toFixed(1)},${y(value(each)).toFixed(1)}`);
  if (run.length === 1) {
    const [{ at, least, most }] = run;
    root.append(svg("line", { class: "alone", x1: x(at), x2: x(at), y1: y(least), y2: y(most) }));
    return;
  }
  const band = [...path(run, (each) => each.most), ...path(run.toReversed(), (each) => each.least)];
  root.append(svg("polygon", { class: "band", points: band.join(" ") }));
  root.append(svg("polyline", { class: "line", points: path(run, (each) => each.mean).join(" ") }));
}

function note({ isSummed, periodName, total }, gaps) {
  const what = isSummed
    ? t("mapChartSums", { count: figure(total), period: periodName })
    : t("mapChartReadings", { count: figure(total) });
  return [what, gaps.length ? t("mapChartGaps") : "", t("mapChartZone", { zone: times.zone })].filter(Boolean).join(" ");
}

// The reading nearest to the pointer, or chosen with the arrow keys; without one, the last.
function follow(root, reading, { points, from, to, isSummed }, x, y, unit) {
  const cursor = svg("line", { class: "cursor", y1: top, y2: height - bottom });
  const dot = svg("circle", { class: "point", r: 4 });
  let index = points.length - 1;
  const show = (wanted) => {
    index = Math.min(points.length - 1, Math.max(0, wanted));
    const point = points[index];
    cursor.setAttribute("x1", x(point.at));
    cursor.setAttribute("x2", x(point.at));
    dot.setAttribute("cx", x(point.at));
    dot.setAttribute("cy", y(point.mean));
    const range = isSummed ? ` (${t("mapRange", { least: figure(point.least), most: figure(point.most) })})` : "";
    const time = times.say(point.from, from, to);
    reading.replaceChildren(make("b", {}, `${figure(point.mean)} ${unit}`.trim()),
      `${range}, ${isSummed ? t("mapSince", { time }) : time}`);
  };
  root.append(cursor, dot);
  show(index);
  root.addEventListener("pointermove", (event) => {
    const box = root.getBoundingClientRect();
    const wanted = ((event.clientX - box.left) / box.width) * width;
    show(points.reduce((best, point, each) =>
      Math.abs(x(point.at) - wanted) < Math.abs(x(points[best].at) - wanted) ? each : best, 0));
  });
  root.addEventListener("pointerleave", () => show(points.length - 1));
  root.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: index - 1, ArrowRight: index + 1, Home: 0, End: points.length - 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    show(step);
  });
}
