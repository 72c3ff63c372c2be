// What is on the map, type by type: small types are read whole; of large ones what is in view, from vector tiles where
// that is too much.

import * as crowd from "./crowd.js";
import * as hub from "./hub.js";
import { chartable, colour, isSilent, kindOf } from "./kinds.js";
import * as map from "./map.js";
import { choose, clearSymbols, put, symbol } from "./symbols.js";
import * as tiles from "./tiles.js";
import * as words from "./words.js";

// Entities of a type that are read whole, and of all types together.
const wholeLimit = 1000;
const wholeBudget = 5000;
// Entities of a larger type shown at a time.
const viewLimit = 1000;
const settleMilliseconds = 250;
// Entities whose newest readings are looked for in the history.
const pastLimit = 500;
// Enough to find out where a large type lies.
const firstLook = 200;

const known = new Map();
const layers = new Map();
const labels = new Map();
let lastModified = "";
let taken = () => {};

export const onEntity = (action) => { taken = action; };
export const entity = (id) => known.get(id);
export const all = () => known.values();
export const labelOf = (type) => labels.get(type) ?? words.localName(type);
// The types of the hub whose label or name has the text in it.
export const typesNamed = (text) => [...labels]
  .filter(([type, label]) => `${label} ${words.localName(type)}`.toLowerCase().includes(text)).map(([type]) => type);
export const places = () => [...known.values()].map((each) => each.place).filter(Boolean);

// Makes a layer of each item of the list and reads the small ones. Answers how many failed.
export async function load(items) {
  for (const { dataset } of document.querySelectorAll("[data-label]")) labels.set(dataset.type, dataset.label);
  colour([...labels.keys()]);
  let budget = wholeBudget;
  for (const item of items) {
    const { type, size } = item.dataset;
    const isWhole = Number(size) <= Math.min(wholeLimit, budget);
    if (isWhole) budget -= Number(size);
    layers.set(type, { item, type, isWhole, group: map.makeGroup() });
  }
  const answers = await Promise.allSettled([...layers.values()].map(first));
  return answers.filter((each) => each.status === "rejected").length;
}

async function first(layer) {
  const found = await hub.entities(layer.type, layer.isWhole ? wholeLimit : firstLook);
  if (layer.isWhole) await addPast(layer, found);
  found.forEach((each) => accept(each, layer.isWhole ? layer.group : null, false));
  legend(layer, found[0]);
}

// Some types have readings in their history alone, for example those of imported files. Then the newest reading of each
// entity is shown with its age, also of entities that have no current state.
async function addPast({ type }, found) {
  if (!found.length || found.some((each) => chartable(each).length) || kindOf(type).main) return;
  const known = new Map(found.map((each) => [each.id, each]));
  const past = await hub.past({ type }, pastLimit).catch(() => []);
  for (const each of past) {
    if (known.has(each.id)) remember(known.get(each.id), each);
    else if (each.place) found.push(each);
  }
}

// Adds to an entity what its history has beside its present state.
export function remember(entity, past, attributes = Object.values(past?.attributes ?? {})) {
  for (const attribute of attributes) {
    if (Object.hasOwn(entity.attributes, attribute.name)) continue;
    entity.attributes[attribute.name] = { ...attribute, isPast: true };
    if (attribute.observedAt > (entity.newest || 0)) entity.newest = attribute.observedAt;
  }
}

const pastOf = (entity) => Object.values(entity?.attributes ?? {}).filter((each) => each.isPast);

// Takes up an entity that was found elsewhere; its symbol stays until the map moves on.
export function adopt(each) {
  accept(each, layers.get(each.type)?.group, false);
}

function accept(each, group, isNews) {
  known.set(each.id, each);
  if (each.modifiedAt > lastModified) lastModified = each.modifiedAt;
  put(each, group, isNews);
  taken(each);
}

function legend(layer, sample) {
  const { item, type, group } = layer;
  const kind = kindOf(type);
  say(layer);
  if (sample) {
    const key = symbol(sample);
    const hasNoHue = key.classList.contains("none");
    key.classList.remove("fine", "labelled", "none", "ground", "silent");
    if (hasNoHue) key.classList.add(kind.key ?? kind.scale[kind.scale.length >> 1]?.[0] ?? "plain");
    item.querySelector(".key").replaceChildren(key);
  }
  if (kind.scale.some(([, text]) => text)) {
    const scale = words.make("div", { class: "scale", "aria-hidden": "true" });
    for (const [hue, text] of kind.scale) scale.append(words.make("span", { class: hue }, text));
    item.append(scale);
  }
  const box = item.querySelector("input");
  box.addEventListener("change", () => {
    map.toggle(group, box.checked);
    if (box.checked && !layer.isWhole) view(layer);
  });
}

// Reads what is in view of the large types, once the map has come to rest.
let rest = 0;
export function look() {
  clearTimeout(rest);
  rest = setTimeout(() => {
    for (const layer of layers.values()) if (!layer.isWhole) view(layer);
  }, settleMilliseconds);
}

// The entity that the address names; null for none, or for what is no identifier.
export function chosenID() {
  try {
    return decodeURIComponent(location.hash.slice(1)) || null;
  } catch {
    return null;
  }
}

async function view(layer) {
  if (!map.isReady() || !layer.item.querySelector("input").checked) return;
  layer.pending?.abort();
  layer.pending = new AbortController();
  const { signal } = layer.pending;
  try {
    const shown = await tiles.inView(layer.type, map.box(0.1), map.instance().getZoom(), signal);
    const isCrowd = shown.groups.length > 0 || shown.features.length > viewLimit;
    const found = isCrowd ? [] : await hub.inView(layer.type, map.box(0.1), viewLimit, signal);
    const chosen = chosenID();
    clearSymbols(layer.group, new Set([...found.map((each) => each.id), chosen]));
    if (layer.crowd) layer.group.removeLayer(layer.crowd);
    layer.crowd = null;
    found.forEach((each) => accept(each, layer.group, false));
    layer.note = words.t("mapInView", { count: words.figure(found.length) });
    if (isCrowd) {
      const drawn = crowd.draw(map.instance(), layer.type, shown);
      layer.crowd = drawn.layer.addTo(layer.group);
      layer.note = words.t("mapZoomIn", { count: words.figure(drawn.total) });
    }
    choose(chosen);
    map.tidy();
  } catch (error) {
    if (error.name !== "AbortError") layer.note = words.t("mapUnreadable");
  }
  say(layer);
}

// What the list says of a type: what it measures, or how much of it is in view, and how many are silent.
function say({ item, type, note }) {
  const silent = [...known.values()].filter((each) => each.type === type && isSilent(each)).length;
  const parts = [note ?? kindOf(type).what, silent ? words.t("mapSilentCount", { count: words.figure(silent) }) : ""];
  item.querySelector(".what").textContent = parts.filter(Boolean).join(" · ");
}

// What changed in the types that are here as a whole. True if anything did.
export async function poll(overlapMilliseconds) {
  const types = [...layers.values()].filter((each) => each.isWhole).map((each) => each.type);
  if (!types.length || !lastModified) return false;
  const since = new Date(Date.parse(lastModified) - overlapMilliseconds).toISOString();
  const before = lastModified;
  for (const each of await hub.changes(types, since)) {
    if (known.get(each.id)?.modifiedAt === each.modifiedAt) continue;
    // What only the history has stays with it.
    remember(each, null, pastOf(known.get(each.id)));
    accept(each, layers.get(each.type)?.group, true);
  }
  for (const layer of layers.values()) say(layer);
  return lastModified !== before;
}

// Ages grow by themselves between two polls.
export function age() {
  const newest = new Map();
  const take = (type, at) => { if (at && !words.isFuture(at)) newest.set(type, Math.max(newest.get(type) ?? 0, at)); };
  for (const each of known.values()) take(each.type, each.newest);
  for (const { item, type } of layers.values()) {
    const time = item.querySelector("time");
    take(type, Date.parse(time?.dateTime));
    if (newest.has(type)) time.textContent = words.ago(newest.get(type));
  }
  const time = document.getElementById("newest");
  const latest = Math.max(0, ...newest.values());
  if (time && latest) time.textContent = words.ago(latest);
}
