// The map: what lies under the symbols, and how close one looks.

import { declutter, offerStop, restyle, useKeyboard } from "./symbols.js";
import { ground } from "./world.js";
import * as words from "./words.js";

const L = window.L;
const main = document.querySelector("main");
// The one city that has a drawing of its own: the demo's.
const drawn = { south: 7.7, west: 98.2, north: 8.3, east: 98.5 };
const world = { west: -180, south: -85, east: 180, north: 85 };
let map = null;
let moved = () => {};

export const isReady = () => map !== null;

export function start() {
  if (!L) return;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  map = L.map("map", {
    zoomControl: false, zoomSnap: 0.25, minZoom: 2, maxZoom: 18,
    zoomAnimation: !calm, fadeAnimation: !calm, inertia: !calm,
  });
  map.attributionControl.setPrefix(false);
  L.control.zoom({ position: "bottomright" }).addTo(map);
  L.control.scale({ position: "bottomright", imperial: false }).addTo(map);
  for (const [name, level] of [["drawing", 210], ["shapes", 220], ["names", 450]]) map.createPane(name).style.zIndex = level;
  map.on("zoomend", nearness);
  map.on("moveend", () => { tidy(); moved(); });
  useKeyboard(map);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", restyle);
}

export const onMove = (action) => { moved = action; };

// Lays the ground and looks at the places: tiles where the operator has some, the drawing of the
// demo city where the places are in it, or a net of degrees, which claims nothing.
export async function settle(places) {
  if (!map) return;
  const isDrawn = !main.dataset.tiles && places.length > 0 && places.every(isInDrawing);
  if (main.dataset.tiles) {
    const attribution = words.make("span", {}, main.dataset.attribution).innerHTML;
    L.tileLayer(main.dataset.tiles, { attribution }).addTo(map);
  }
  if (isDrawn) return drawing();
  if (places.length) show(middleOf(places));
  else if (main.dataset.latitude) map.setView([Number(main.dataset.latitude), Number(main.dataset.longitude)], 11);
  else map.setView([8, 100], 4);
  if (!main.dataset.tiles) {
    map.getContainer().classList.add("bare");
    say(words.t("mapWorld"));
    ground(map, "drawing");
    net();
    map.on("moveend", net);
  }
}

function say(text) {
  const ground = document.getElementById("ground");
  if (ground) ground.textContent = `${text} `;
}

const isInDrawing = ([north, east]) =>
  north > drawn.south && north < drawn.north && east > drawn.west && east < drawn.east;

// The corners of where most places are: one sensor at zero, zero does not show the whole world.
function middleOf(places) {
  const range = (index) => {
    const sorted = places.map((place) => place[index]).sort((a, b) => a - b);
    const cut = Math.floor(sorted.length / 50);
    return [sorted[cut], sorted[sorted.length - 1 - cut]];
  };
  const [[south, north], [west, east]] = [range(0), range(1)];
  return [[south, west], [north, east]];
}

// The hand-drawn island, styled by the style sheet so that it follows dark and light.
async function drawing() {
  const response = await fetch("/assets/map/phuket.geojson");
  if (!response.ok) return show([[drawn.south, drawn.west], [drawn.north, drawn.east]]);
  const base = await response.json();
  const [west, south, east, north] = base.bbox;
  show([[south + 0.02, west + 0.01], [north - 0.02, east - 0.02]]);
  say(words.t("mapDrawn"));
  L.geoJSON(base, {
    pane: "drawing", interactive: false, attribution: base.name,
    style: ({ properties: { kind, rank } }) => ({ className: [kind, rank].filter(Boolean).join(" ") }),
    filter: (feature) => feature.properties.kind !== "place",
  }).addTo(map);
  for (const { properties, geometry } of base.features.filter((each) => each.properties.kind === "place")) {
    const html = words.make("span", { class: `place ${properties.rank}` }, properties.name);
    label(html, [geometry.coordinates[1], geometry.coordinates[0]]).addTo(map);
  }
}

const label = (html, place) => L.marker(place, {
  pane: "names", interactive: false, keyboard: false,
  icon: L.divIcon({ html, className: "", iconSize: [0, 0] }),
});

// Lines of latitude and longitude, about five each way, with their degrees.
let lines = null;
function net() {
  lines?.remove();
  lines = L.layerGroup().addTo(map);
  const { west, south, east, north } = box(0.2);
  const raw = Math.max(east - west, north - south) / 7;
  const step = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30]
    .find((each) => each >= raw) ?? 30;
  const digits = Math.max(0, -Math.floor(Math.log10(step)));
  const draw = (ends, text, place) => {
    L.polyline(ends, { pane: "drawing", interactive: false, className: "degree" }).addTo(lines);
    label(words.make("span", { class: "place degrees" }, text), place).addTo(lines);
  };
  const corner = map.containerPointToLatLng([map.getSize().x - 70, map.getSize().y - 26]);
  for (let at = Math.ceil(south / step) * step; at <= north; at += step) {
    draw([[at, west], [at, east]], degrees(at, digits, "N", "S"), [at, corner.lng]);
  }
  for (let at = Math.ceil(west / step) * step; at <= east; at += step) {
    draw([[south, at], [north, at]], degrees(at, digits, "E", "W"), [corner.lat, at]);
  }
}

function degrees(at, digits, plus, minus) {
  const number = Math.abs(at).toFixed(digits);
  const side = Number(number) === 0 ? "" : at < 0 ? ` ${minus}` : ` ${plus}`;
  return `${number}°${side}`;
}

// What the map shows, a little more than the window by so large a share.
export function box(margin = 0) {
  const bounds = map.getBounds().pad(margin);
  return {
    west: Math.max(world.west, bounds.getWest()), south: Math.max(world.south, bounds.getSouth()),
    east: Math.min(world.east, bounds.getEast()), north: Math.min(world.north, bounds.getNorth()),
  };
}

// Fits the places between the floating panels.
function show(bounds) {
  const isWide = innerWidth > 750;
  const story = document.querySelector(".story");
  map.fitBounds(bounds, {
    paddingTopLeft: [isWide ? story.offsetWidth + 20 : 10, 10],
    paddingBottomRight: [10, isWide ? 10 : story.offsetHeight], maxZoom: 15,
  });
  nearness();
}

export function goTo(place, nearest) {
  if (!map || !place) return;
  const zoom = Math.max(map.getZoom(), nearest);
  const offset = innerWidth > 750 ? [0, 0] : [0, innerHeight * 0.2];
  map.setView(map.unproject(map.project(place, zoom).add(offset), zoom), zoom);
}

function nearness() {
  const zoom = map.getZoom();
  const name = zoom < 12 ? "far" : zoom < 14 ? "middle" : zoom < 15 ? "near" : "close";
  map.getContainer().classList.remove("zoom-far", "zoom-middle", "zoom-near", "zoom-close");
  map.getContainer().classList.add(`zoom-${name}`);
  tidy();
}

// The map itself, for what is drawn by its scale.
export const instance = () => map;

export const makeGroup = () => (map ? L.layerGroup().addTo(map) : null);

export function toggle(group, isOn) {
  if (!map || !group) return;
  if (isOn) group.addTo(map);
  else group.remove();
  tidy();
}

// Labels give way to one another, and the keyboard finds a symbol.
export function tidy() {
  if (!map) return;
  declutter(map);
  offerStop(map);
}
