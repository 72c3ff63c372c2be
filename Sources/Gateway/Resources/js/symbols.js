// The symbols on the map: a shape a kind, a colour a value. Many of them become plain dots, which a
// canvas draws by the ten thousand.

import { kindOf, mainValue } from "./kinds.js";
import * as words from "./words.js";

const L = window.L;
// So many symbols may be elements of the page; from then on they are dots.
const elementLimit = 1500;
const symbols = new Map();
let elements = 0;
let pick = () => {};
let canvas = null;

export const onPick = (action) => { pick = action; };

export function put(entity, group, isNews) {
  if (!group || !entity.place) return;
  const known = symbols.get(entity.id);
  if (!known) return add(entity, group);
  known.entity = entity;
  known.marker.setLatLng(entity.place);
  if (known.isDot) return known.marker.setStyle({ fillColor: colour(entity) });
  dress(known.root, entity);
  if (isNews) {
    known.root.classList.remove("fresh");
    requestAnimationFrame(() => known.root.classList.add("fresh"));
  }
}

function add(entity, group) {
  const isDot = elements >= elementLimit;
  const root = isDot ? null : symbol(entity);
  const marker = isDot ? dot(entity) : L.marker(entity.place, {
    keyboard: false, icon: L.divIcon({ html: root, className: "", iconSize: [26, 26] }),
  });
  if (!isDot) elements += 1;
  marker.on("click", () => pick(entity.id));
  marker.bindTooltip(() => tooltip(symbols.get(entity.id).entity), { direction: "top", offset: [0, -10] });
  marker.addTo(group);
  symbols.set(entity.id, { marker, root, entity, group, isDot });
}

function dot(entity) {
  canvas ??= L.canvas({ padding: 0.3, tolerance: 4 });
  return L.circleMarker(entity.place, {
    renderer: canvas, radius: 4, weight: 1, color: style("--card"), fillColor: colour(entity), fillOpacity: 0.9,
  });
}

// Takes away what the group holds except the ids named.
export function clearSymbols(group, ids) {
  for (const [id, known] of symbols) {
    if (known.group !== group || ids.has(id)) continue;
    known.marker.remove();
    group.removeLayer(known.marker);
    if (!known.isDot) elements -= 1;
    symbols.delete(id);
  }
}

export function choose(id) {
  for (const [each, { root, marker, isDot }] of symbols) {
    if (isDot) {
      const isChosen = each === id;
      if (isChosen || marker.options.radius > 4) {
        marker.setStyle({ radius: isChosen ? 8 : 4, weight: isChosen ? 3 : 1, color: style(isChosen ? "--accent" : "--card") });
      }
      continue;
    }
    root.classList.toggle("chosen", each === id);
    marker.setZIndexOffset(each === id ? 10000 : 0);
  }
}

// Dark became light or the other way round: dots have no style sheet.
export function restyle() {
  colours.clear();
  for (const { marker, entity, isDot } of symbols.values()) {
    if (isDot) marker.setStyle({ color: style("--card"), fillColor: colour(entity) });
  }
}

const style = (name, element = document.documentElement) => getComputedStyle(element).getPropertyValue(name).trim();
const colours = new Map();

// The colour that the style sheet gives a class.
function colour(entity) {
  const name = kindOf(entity.type).hue(entity);
  if (!colours.has(name)) {
    const probe = words.make("i", { class: name, hidden: "" });
    document.body.append(probe);
    colours.set(name, style("--hue", probe));
    probe.remove();
  }
  return colours.get(name);
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
  for (const kept of ["chosen", "crowded"]) if (root.classList.contains(kept)) marks.push(kept);
  root.className = marks.join(" ");
  root.querySelector("span").replaceChildren(
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

const isChosen = (root) => Number(root?.classList.contains("chosen") ?? false);

// Labels that would lie on one another give way to their symbols, in the order they came.
export function declutter(map) {
  const taken = [];
  const view = map.getContainer().getBoundingClientRect();
  const chosenFirst = [...symbols.values()]
    .sort((a, b) => isChosen(b.root) - isChosen(a.root));
  for (const { root } of chosenFirst) {
    if (!root?.isConnected || !root.classList.contains("labelled")) continue;
    root.classList.remove("crowded");
    const box = root.querySelector("span").getBoundingClientRect();
    const isSeen = box.width && box.right > view.left && box.left < view.right
      && box.bottom > view.top && box.top < view.bottom;
    if (!isSeen) continue;
    const meets = (other) => box.left < other.right && other.left < box.right
      && box.top < other.bottom && other.top < box.bottom;
    if (taken.some(meets)) root.classList.add("crowded");
    else taken.push(box);
  }
}
