// The symbols on the map: a shape a kind, a colour a value. Many of them become plain dots, which a
// canvas draws by the ten thousand.

import { isAhead, isSilent, kindOf, mainName, mainValue } from "./kinds.js";
import * as words from "./words.js";

const L = window.L;
// So many symbols may be elements of the page; from then on they are dots.
const elementLimit = 1500;
const symbols = new Map();
let elements = 0;
let pick = () => {};
let canvas = null;

export const onPick = (action) => { pick = action; };
export const pickSymbol = (id) => pick(id);

// Streets and districts that measure nothing are ground: their shape is there, and no symbol on it.
const isGround = (entity) => entity.shape !== null && mainValue(entity) === null;

export function put(entity, group, isNews) {
  if (!group || !entity.place) return;
  const known = symbols.get(entity.id);
  if (!known) return add(entity, group);
  known.entity = entity;
  known.marker.setLatLng(entity.place);
  if (JSON.stringify(known.shape?.geometry) !== JSON.stringify(entity.shape ?? undefined)) {
    if (known.shape) group.removeLayer(known.shape.layer);
    known.shape = draw(entity, group);
  }
  if (known.isDot) return known.marker.setStyle({ fillColor: colour(entity), fillOpacity: fill(entity) });
  dress(known.root, entity);
  name(known);
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
  const made = { marker, root, entity, group, isDot, shape: draw(entity, group) };
  symbols.set(entity.id, made);
  if (!isDot) marker.on("add", () => name(made));
  marker.addTo(group);
}

// Lines as lines, and areas as areas, under the symbols.
function draw(entity, group) {
  const { id, shape } = entity;
  if (!shape) return undefined;
  const className = ["shape", /Line/.test(shape.type) ? "line" : "area", isGround(entity) ? "ground" : ""].join(" ").trim();
  const layer = L.geoJSON({ type: "Feature", properties: {}, geometry: shape }, { pane: "shapes", style: { className } });
  layer.on("click", () => pick(id));
  layer.bindTooltip(() => tooltip(symbols.get(id).entity), { sticky: true });
  layer.addTo(group);
  return { geometry: shape, layer };
}

// What a screen reader says of a symbol.
function name({ marker, entity }) {
  const element = marker.getElement();
  if (!element) return;
  element.setAttribute("role", "button");
  element.setAttribute("aria-label", tooltip(entity).textContent);
  if (!element.hasAttribute("tabindex")) element.tabIndex = -1;
}

// MARK: The keyboard

// All symbols are one stop of the Tab key; from there arrow keys go to the next symbol in their
// direction. Dots are too many to walk through: they become symbols when one looks closer.
const directions = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const holds = (element) => [...symbols.values()].find(({ marker, isDot }) => !isDot && marker.getElement() === element);

const middleOf = (element) => {
  const box = element.getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
};

// The symbols that one sees, which those of a hidden layer or of a type shown closer by are not.
function seen(map) {
  const view = map.getContainer().getBoundingClientRect();
  return [...symbols.values()].filter(({ root, isDot }) => {
    if (isDot || !root.isConnected || !root.offsetWidth) return false;
    const [x, y] = middleOf(root);
    return x > view.left && x < view.right && y > view.top && y < view.bottom;
  });
}

function makeStop(element) {
  for (const { marker, isDot } of symbols.values()) {
    const each = isDot ? null : marker.getElement();
    if (each && each.tabIndex === 0) each.tabIndex = -1;
  }
  element.tabIndex = 0;
}

// Makes sure that the Tab key comes to a symbol, if there is one in view: the one nearest the middle.
export function offerStop(map) {
  const candidates = seen(map);
  if (candidates.some(({ marker }) => marker.getElement().tabIndex === 0)) return;
  const nearest = nearestTo(middleOf(map.getContainer()), candidates);
  if (nearest) makeStop(nearest.marker.getElement());
}

function nearestTo([x, y], candidates) {
  const distance = ({ root }) => {
    const [otherX, otherY] = middleOf(root);
    return Math.hypot(otherX - x, otherY - y);
  };
  return candidates.reduce((best, each) => (!best || distance(each) < distance(best) ? each : best), null);
}

// The symbol that lies in a direction: near, and not far off the straight way.
function towards([right, down], from, candidates) {
  const [x, y] = middleOf(from.root);
  let best = null, least = Infinity;
  for (const each of candidates) {
    const [otherX, otherY] = middleOf(each.root);
    const ahead = (otherX - x) * right + (otherY - y) * down;
    const aside = Math.abs((otherX - x) * down) + Math.abs((otherY - y) * right);
    if (each === from || ahead <= 0 || aside > 2 * ahead || ahead + 2 * aside >= least) continue;
    [best, least] = [each, ahead + 2 * aside];
  }
  return best;
}

export function useKeyboard(map) {
  const container = map.getContainer();
  container.addEventListener("keydown", (event) => {
    const from = holds(event.target);
    if (!from) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      pick(from.entity.id);
    } else if (directions[event.key]) {
      // The map would move under the symbols.
      event.preventDefault();
      event.stopPropagation();
      const next = towards(directions[event.key], from, seen(map));
      if (!next) return;
      makeStop(next.marker.getElement());
      next.marker.getElement().focus({ preventScroll: true });
    }
  }, { capture: true });
  container.addEventListener("focusin", ({ target }) => holds(target)?.marker.openTooltip());
  container.addEventListener("focusout", ({ target }) => holds(target)?.marker.closeTooltip());
}

// MARK: Dots

// What is silent is pale.
const fill = (entity) => (isSilent(entity) ? 0.3 : 0.9);

function dot(entity) {
  canvas ??= L.canvas({ padding: 0.3, tolerance: 4 });
  return L.circleMarker(entity.place, {
    renderer: canvas, radius: 4, weight: 1, color: style("--card"), fillColor: colour(entity), fillOpacity: fill(entity),
  });
}

// The class or the colour of the style sheet that says what an entity measures; of one that measures nothing, its kind's.
export function hueOf(entity, isColour = false) {
  if (isColour) return colour(entity);
  const kind = kindOf(entity.type);
  const hue = kind.hue(entity);
  return hue === "none" ? kind.key ?? kind.scale[kind.scale.length >> 1]?.[0] ?? "plain" : hue;
}

// Takes away what the group holds except the ids named.
export function clearSymbols(group, ids) {
  for (const [id, known] of symbols) {
    if (known.group !== group || ids.has(id)) continue;
    known.marker.remove();
    group.removeLayer(known.marker);
    if (known.shape) group.removeLayer(known.shape.layer);
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
  const value = mainValue(entity);
  const marks = ["symbol", kind.shape, kind.hue(entity), kind.fine ? "fine" : "labelled"];
  if (isAhead(entity)) marks.push("future");
  if (isSilent(entity)) marks.push("silent");
  if (isGround(entity)) marks.push("ground");
  for (const kept of ["chosen", "crowded"]) if (root.classList.contains(kept)) marks.push(kept);
  root.className = marks.join(" ");
  const age = words.make("small", { class: "age" }, value && !isAhead(entity) ? words.age(ageOf(entity)) : "");
  root.querySelector("span").replaceChildren(
    value?.value ?? entity.name, words.make("small", {}, value ? value.unit : ""), age);
  const heading = entity.attributes.heading?.value;
  const picture = root.querySelector("svg");
  if (picture && typeof heading === "number") picture.style.transform = `rotate(${heading}deg)`;
}

function tooltip(entity) {
  const value = mainValue(entity);
  const at = ageOf(entity);
  return words.make("span", {}, words.make("b", {}, entity.name),
    value ? ` ${value.value} ${value.unit}` : "", isAhead(entity) ? `, ${words.t("mapIsAhead")}` : "",
    value && !isAhead(entity) && Number.isFinite(at) ? `, ${words.ago(at)}` : "",
    isSilent(entity) ? `, ${words.t("mapIsSilent")}` : "");
}

// When the value that matters was observed.
function ageOf(entity) {
  const at = entity.attributes[mainName(entity)]?.observedAt;
  return Number.isFinite(at) ? at : entity.newest;
}

// Ages grow while nothing else changes.
export function age() {
  for (const { root, entity, isDot } of symbols.values()) {
    const part = isDot || isAhead(entity) || !mainValue(entity) ? null : root.querySelector(".age");
    if (part) part.textContent = words.age(ageOf(entity));
  }
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
