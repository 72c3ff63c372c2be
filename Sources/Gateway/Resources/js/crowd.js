// Types with more entities in view than can be shown one by one: groups with their numbers, and what stands alone.

import { isSilent, mainName } from "./kinds.js";
import { hueOf, pickSymbol } from "./symbols.js";
import * as words from "./words.js";

const L = window.L;
// Groups are put together that are nearer to each other, in pixels.
const spacing = 64;
let canvas = null;

// Draws them in a group of the map; answers how many entities they are.
export function draw(map, type, { features, groups }) {
  const layer = L.layerGroup();
  canvas ??= L.canvas({ padding: 0.3, tolerance: 4 });
  const points = groups.map((each) => ({ ...each }));
  for (const each of features) {
    for (const piece of each.pieces) {
      if (piece.kind === "point") points.push({ place: piece.lines[0][0], count: 1, entity: each, piece });
      else shape(each, piece).addTo(layer);
    }
  }
  for (const { place, count, alone } of merged(map, points)) {
    (alone?.entity ? shape(alone.entity, alone.piece) : marker(map, type, place, count)).addTo(layer);
  }
  return { layer, total: features.length + groups.reduce((sum, { count }) => sum + count, 0) };
}

// What would lie on one another becomes one group; what stands alone stays what it is.
function merged(map, points) {
  const cells = new Map();
  for (const each of points) {
    const { x, y } = map.project(each.place, map.getZoom());
    const key = `${Math.floor(x / spacing)} ${Math.floor(y / spacing)}`;
    const cell = cells.get(key) ?? { count: 0, latitude: 0, longitude: 0, members: [] };
    cell.count += each.count;
    cell.latitude += each.place[0] * each.count;
    cell.longitude += each.place[1] * each.count;
    cell.members.push(each);
    cells.set(key, cell);
  }
  return [...cells.values()].map(({ count, latitude, longitude, members }) => ({
    count, place: [latitude / count, longitude / count], alone: members.length === 1 ? members[0] : null,
  }));
}

function marker(map, type, place, count) {
  const size = Math.round(22 + 7 * Math.log10(count));
  const html = words.make("span", { class: `cluster ${hueOf({ type, attributes: {} })}` }, short(count));
  const mark = L.marker(place, {
    keyboard: false, zIndexOffset: -5000, title: words.t("mapHere", { count: words.figure(count) }),
    icon: L.divIcon({ html, className: "", iconSize: [size, size] }),
  });
  return mark.on("click", () => map.setView(place, map.getZoom() + 2));
}

// 1200 as "1.2k", which fits into a circle.
function short(count) {
  if (count < 1000) return `${count}`;
  const thousands = count < 1000000 ? [count / 1000, "k"] : [count / 1000000, "M"];
  return `${thousands[0] < 10 ? thousands[0].toFixed(1).replace(".0", "") : Math.round(thousands[0])}${thousands[1]}`;
}

function shape(entity, piece) {
  const known = { id: entity.id, type: entity.type, attributes: attributes(entity) };
  const colour = hueOf(known, true);
  const look = { renderer: canvas, color: colour, fillColor: colour };
  const drawn = piece.kind === "line" ? L.polyline(piece.lines, { ...look, weight: 2.4, opacity: 0.75 })
    // The edges of a piece may be those of its tile, and not of the area.
    : piece.kind === "area" ? L.polygon(piece.lines, { ...look, stroke: false, fillOpacity: 0.25 })
    : L.circleMarker(piece.lines[0][0], { ...look, radius: 4, weight: 1, fillOpacity: isSilent(known) ? 0.3 : 0.9 });
  const name = typeof entity.name === "string" ? entity.name : words.localName(entity.id);
  const value = entity[mainName(known)];
  const says = words.make("span", {}, words.make("b", {}, name), value === undefined ? "" : ` ${words.plain(value)}`);
  return drawn.bindTooltip(says, { sticky: true }).on("click", () => pickSymbol(entity.id));
}

// The plain values of a tile as attributes.
const attributes = (entity) => Object.fromEntries(
  Object.entries(entity).map(([name, value]) => [name, { name, value }]));

