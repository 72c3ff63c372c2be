// The map: base drawing, symbols, and how close one looks.

import { kindOf, mainValue } from "./kinds.js";
import * as words from "./words.js";

const L = window.L;
const main = document.querySelector("main");
const symbols = new Map();
let pick = () => {};
let map = null;

export const isReady = () => map !== null;

export async function start(onPick) {
  pick = onPick;
  if (!L) return;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  map = L.map("map", {
    zoomControl: false, zoomSnap: 0.25, minZoom: 3, maxZoom: 18,
    zoomAnimation: !calm, fadeAnimation: !calm, inertia: !calm,
  });
  map.attributionControl.setPrefix(false);
  L.control.zoom({ position: "bottomright" }).addTo(map);
  for (const [name, level] of [["drawing", 200], ["names", 450]]) {
    map.createPane(name).style.zIndex = level;
  }
  map.on("zoomend", nearness);
  map.setView([7.95, 98.34], 10.5);
  await drawing();
  if (main.dataset.tiles) {
    L.tileLayer(main.dataset.tiles, { attribution: words.make("span", {}, main.dataset.attribution).innerHTML })
      .addTo(map);
  }
}

// The hand-drawn island, styled by the style sheet so that it follows dark and light.
async function drawing() {
  const response = await fetch("/assets/map/phuket.geojson");
  if (!response.ok) return;
  const base = await response.json();
  const [west, south, east, north] = base.bbox;
  show([[south + 0.02, west + 0.01], [north - 0.02, east - 0.02]]);
  L.geoJSON(base, {
    pane: "drawing", interactive: false, attribution: base.name,
    style: ({ properties: { kind, rank } }) => ({ className: [kind, rank].filter(Boolean).join(" ") }),
    filter: (feature) => feature.properties.kind !== "place",
  }).addTo(map);
  for (const { properties, geometry } of base.features.filter((each) => each.properties.kind === "place")) {
    const html = words.make("span", { class: `place ${properties.rank}` }, properties.name);
    L.marker([geometry.coordinates[1], geometry.coordinates[0]], {
      pane: "names", interactive: false, keyboard: false,
      icon: L.divIcon({ html, className: "", iconSize: [0, 0] }),
    }).addTo(map);
  }
}

// Fits the places between the floating panels.
export function show(bounds) {
  if (!map || !bounds.length) return;
  const isWide = innerWidth > 750;
  const story = document.querySelector(".story");
  map.fitBounds(bounds, {
    paddingTopLeft: [isWide ? story.offsetWidth + 20 : 10, 10],
    paddingBottomRight: [10, isWide ? 10 : story.offsetHeight], maxZoom: 15,
  });
}

export function goTo(entity) {
  if (!map || !entity.place) return;
  const zoom = Math.max(map.getZoom(), kindOf(entity.type).fine ? 16 : 14.5);
  const offset = innerWidth > 750 ? [0, 0] : [0, innerHeight * 0.2];
  const center = map.unproject(map.project(entity.place, zoom).add(offset), zoom);
  map.setView(center, zoom);
}

export function choose(id) {
  for (const [each, { root, marker }] of symbols) {
    root.classList.toggle("chosen", each === id);
    marker.setZIndexOffset(each === id ? 10000 : 0);
  }
}

function nearness() {
  const zoom = map.getZoom();
  const name = zoom < 12 ? "far" : zoom < 14 ? "middle" : zoom < 15 ? "near" : "close";
  map.getContainer().classList.remove("zoom-far", "zoom-middle", "zoom-near", "zoom-close");
  map.getContainer().classList.add(`zoom-${name}`);
}

// The symbol of an entity, as an element of its own: the legend uses the same.
export function symbol(entity) {
  const kind = kindOf(entity.type);
  const root = words.make("div", {});
  const mark = words.make("i", {});
  if (kind.shape === "arrow") {
    const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    picture.setAttribute("viewBox", "-10 -10 20 20");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", "M0-8 6.5 7 0 3.500-6.5 7Z");
    picture.append(path);
    mark.append(picture);
  }
  root.append(mark, words.make("span", {}));
  dress(root, entity);
  return root;
}

function dress(root, entity) {
  const kind = kindOf(entity.type);
  const value = mainValue(entity, words);
  const marks = ["symbol", kind.shape, kind.hue(entity), kind.fine ? "fine" : "labelled"];
  if (root.classList.contains("chosen")) marks.push("chosen");
  root.className = marks.join(" ");
  const label = root.querySelector("span");
  label.replaceChildren(
    value?.value ?? entity.name, words.make("small", {}, value ? value.unit : ""));
  const heading = entity.attributes.heading?.value;
  const picture = root.querySelector("svg");
  if (picture && typeof heading === "number") picture.style.transform = `rotate(${heading}deg)`;
}

function tooltip(entity) {
  const value = mainValue(entity, words);
  return words.make("span", {}, words.make("b", {}, entity.name),
    value ? ` ${value.value} ${value.unit}` : "");
}

export function put(entity, group, isNews) {
  if (!map || !entity.place) return;
  const known = symbols.get(entity.id);
  if (!known) {
    const root = symbol(entity);
    const marker = L.marker(entity.place, {
      keyboard: false,
      icon: L.divIcon({ html: root, className: "", iconSize: [26, 26] }),
    });
    marker.on("click", () => pick(entity.id));
    marker.bindTooltip(() => tooltip(symbols.get(entity.id).entity), { direction: "top", offset: [0, -10] });
    marker.addTo(group);
    symbols.set(entity.id, { marker, root, entity });
    return;
  }
  known.entity = entity;
  known.marker.setLatLng(entity.place);
  dress(known.root, entity);
  if (isNews) {
    known.root.classList.remove("fresh");
    requestAnimationFrame(() => known.root.classList.add("fresh"));
  }
}

export const makeGroup = () => (map ? L.layerGroup().addTo(map) : null);
export function toggle(group, isOn) {
  if (!map || !group) return;
  if (isOn) group.addTo(map);
  else group.remove();
}
