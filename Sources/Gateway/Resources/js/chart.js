// A line chart in SVG: time to the right, values from zero (or their least) upwards.

import { figure } from "./words.js";

const width = 360, height = 170, left = 34, right = 6, top = 10, bottom = 20;
// Readings further apart than this many usual steps leave a gap in the line: nobody measured.
const gapSteps = 6;

const svg = (tag, attributes, text) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
};

// Round steps of 1, 2 or 5, about three of them.
function ticks(low, high) {
  const raw = (high - low) / 3 || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const size = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= raw);
  const list = [];
  for (let at = Math.ceil(low / size) * size; at <= high + size / 1e6; at += size) list.push(at);
  return list;
}

// The city's own time, wherever the reader is.
const timeZone = document.querySelector("main").dataset.zone || "UTC";
const clock = (at, span) =>
  new Date(at).toLocaleString("en-GB", {
    timeZone,
    ...(span > 172800000 ? { day: "numeric", month: "short" } : { hour: "2-digit", minute: "2-digit" }),
  });

function pieces(points) {
  const steps = points.slice(1).map((point, index) => point[0] - points[index][0]);
  const usual = [...steps].sort((a, b) => a - b)[steps.length >> 1] ?? 0;
  const parts = [[]];
  points.forEach((point, index) => {
    if (index && steps[index - 1] > Math.max(usual * gapSteps, 60000)) parts.push([]);
    parts.at(-1).push(point);
  });
  return parts;
}

export function chart(points, { label, unit }) {
  const values = points.map((point) => point[1]);
  const least = Math.min(...values), most = Math.max(...values);
  const low = least >= 0 && least < most * 0.75 ? 0 : least - (most - least || 1) * 0.15;
  const high = most === low ? low + 1 : most + (most - low) * 0.06;
  const [from, to] = [points[0][0], points.at(-1)[0]];
  const x = (at) => left + ((at - from) / (to - from || 1)) * (width - left - right);
  const y = (value) => height - bottom - ((value - low) / (high - low)) * (height - top - bottom);

  const root = svg("svg", {
    viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": `${label}: ${points.length} readings, from ${figure(least)} to ${figure(most)} ${unit}, last ${figure(values.at(-1))}`,
  });
  for (const value of ticks(low, high)) {
    root.append(svg("line", { class: "grid", x1: left, x2: width - right, y1: y(value), y2: y(value) }));
    root.append(svg("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, figure(value)));
  }
  for (let index = 0; index <= 3; index += 1) {
    const at = from + ((to - from) * index) / 3;
    const anchor = index === 0 ? "start" : index === 3 ? "end" : "middle";
    root.append(svg("text", { x: x(at), y: height - 4, "text-anchor": anchor }, clock(at, to - from)));
  }
  for (const part of pieces(points)) {
    const line = part.map((point) => `${x(point[0]).toFixed(1)},${y(point[1]).toFixed(1)}`);
    const floor = height - bottom;
    root.append(svg("polygon", {
      class: "area",
      points: `${x(part[0][0])},${floor} ${line.join(" ")} ${x(part.at(-1)[0])},${floor}`,
    }));
    root.append(svg("polyline", { class: "line", points: line.join(" ") }));
  }
  follow(root, points, x, y, unit);
  return root;
}

// The reading nearest to the pointer; without one, the last.
function follow(root, points, x, y, unit) {
  const cursor = svg("line", { class: "cursor", y1: top, y2: height - bottom });
  const dot = svg("circle", { class: "point", r: 4 });
  const reading = svg("text", { class: "reading", y: top });
  const show = ([at, value]) => {
    cursor.setAttribute("x1", x(at));
    cursor.setAttribute("x2", x(at));
    dot.setAttribute("cx", x(at));
    dot.setAttribute("cy", y(value));
    const isRight = x(at) > width / 2;
    reading.setAttribute("x", x(at) + (isRight ? -8 : 8));
    reading.setAttribute("text-anchor", isRight ? "end" : "start");
    reading.textContent = `${figure(value)} ${unit} at ${clock(at, 0)}`;
  };
  root.append(cursor, dot, reading);
  show(points.at(-1));
  root.addEventListener("pointermove", (event) => {
    const box = root.getBoundingClientRect();
    const wanted = ((event.clientX - box.left) / box.width) * width;
    show(points.reduce((best, point) =>
      Math.abs(x(point[0]) - wanted) < Math.abs(x(best[0]) - wanted) ? point : best));
  });
  root.addEventListener("pointerleave", () => show(points.at(-1)));
}
