// The page Now: loads every layer, keeps it fresh, and opens what is picked.

import * as detail from "./detail.js";
import * as hub from "./hub.js";
import { kindOf, mainValue } from "./kinds.js";
import * as map from "./map.js";
import * as words from "./words.js";

const pollSeconds = 5;
// Looked back further than the last change seen, so that what was committed late is not missed.
const overlapMilliseconds = 3000;
const foundLimit = 8;

const known = new Map();
const layers = new Map();
const status = document.getElementById("status");
let lastModified = "";

const labelOf = (type) => layers.get(type)?.item.dataset.label ?? type;

function open(id) {
  const entity = known.get(id);
  if (!entity) return;
  detail.open(entity, labelOf(entity.type));
  map.choose(id);
  history.replaceState(null, "", `#${encodeURIComponent(id)}`);
}

detail.onClose(() => {
  map.choose(null);
  history.replaceState(null, "", location.pathname);
});

function accept(entity, isNews) {
  known.set(entity.id, entity);
  if (entity.modifiedAt > lastModified) lastModified = entity.modifiedAt;
  const layer = layers.get(entity.type);
  if (layer) map.put(entity, layer.group, isNews);
  detail.update(entity);
}

function legend(item, type, group) {
  const kind = kindOf(type);
  const sample = [...known.values()].find((entity) => entity.type === type);
  item.querySelector(".what").textContent = sample && !sample.place ? "Not on the map" : kind.what;
  if (sample) {
    const key = map.symbol(sample);
    key.classList.remove("fine", "labelled", "none");
    item.querySelector(".key").replaceChildren(key);
  }
  if (kind.scale.some(([, text]) => text)) {
    const scale = words.make("div", { class: "scale", "aria-hidden": "true" });
    for (const [hue, text] of kind.scale) scale.append(words.make("span", { class: hue }, text));
    item.append(scale);
  }
  item.querySelector("input").addEventListener("change", (event) => map.toggle(group, event.target.checked));
}

async function load(item) {
  const type = item.dataset.type;
  const group = map.makeGroup();
  layers.set(type, { item, group });
  const entities = await hub.entities(type);
  entities.forEach((entity) => accept(entity, false));
  legend(item, type, group);
  if (entities.length >= hub.maximumPerType) {
    item.querySelector(".what").textContent = `The first ${words.figure(entities.length)} of them`;
  }
}

async function poll() {
  if (document.hidden || !lastModified) return;
  try {
    const since = new Date(Date.parse(lastModified) - overlapMilliseconds).toISOString();
    const before = lastModified;
    const changed = await hub.changes([...layers.keys()], since);
    for (const entity of changed) {
      if (known.get(entity.id)?.modifiedAt !== entity.modifiedAt) accept(entity, true);
    }
    status.textContent = "";
    if (lastModified !== before) highlights();
  } catch {
    status.textContent = "The hub does not answer; trying again …";
  }
}

// Ages grow by themselves between two polls.
function age() {
  let newest = 0;
  for (const [type, { item }] of layers) {
    const own = Math.max(...[...known.values()].filter((each) => each.type === type).map((each) => each.newest || 0), 0);
    if (own) item.querySelector("time").textContent = words.ago(own);
    newest = Math.max(newest, own);
  }
  const time = document.getElementById("newest");
  if (time && newest) time.textContent = words.ago(newest);
}

// Four sentences a visitor would ask for first.
function highlights() {
  const list = document.getElementById("highlights");
  const of = (type) => [...known.values()].filter((entity) => entity.type === type);
  const most = (entities, name, sign = 1) =>
    entities.filter((each) => typeof each.attributes[name]?.value === "number")
      .sort((a, b) => sign * (b.attributes[name].value - a.attributes[name].value))[0];
  const moving = of("Vehicle").filter((each) => each.attributes.serviceStatus?.value === "onRoute");
  const cards = [
    ["Most people", most(of("CrowdFlowObserved"), "peopleCount")],
    ["Fullest road", most(of("TrafficFlowObserved"), "occupancy")],
    ["Most fine dust", most(of("AirQualityObserved"), "pm25")],
    ["On the move", moving[0], { value: `${moving.length}`, unit: `of ${of("Vehicle").length}` }, "show one"],
  ].filter(([, entity]) => entity);
  list.replaceChildren(...cards.map(([title, entity, given, name]) => {
    const { value, unit } = given ?? mainValue(entity, words);
    const button = words.make("button", { type: "button" },
      words.make("small", {}, title), words.make("b", {}, value, " ", words.make("i", {}, unit)),
      words.make("em", {}, name ?? entity.name));
    button.addEventListener("click", () => { map.goTo(entity); open(entity.id); });
    return words.make("li", {}, button);
  }));
}

function find() {
  const wanted = document.getElementById("find").value.trim().toLowerCase();
  const matches = wanted
    ? [...known.values()].filter((entity) => `${entity.name} ${labelOf(entity.type)}`.toLowerCase().includes(wanted))
    : [];
  document.getElementById("found").replaceChildren(...matches.slice(0, foundLimit).map((entity) => {
    const value = mainValue(entity, words);
    const button = words.make("button", { type: "button" }, entity.name,
      words.make("small", {}, value ? `${value.value} ${value.unit}` : labelOf(entity.type)));
    button.addEventListener("click", () => { map.goTo(entity); open(entity.id); });
    return words.make("li", {}, button);
  }));
}

function grip() {
  const story = document.querySelector(".story");
  const button = document.querySelector(".grip");
  const set = (isClosed) => {
    story.classList.toggle("closed", isClosed);
    button.setAttribute("aria-expanded", !isClosed);
  };
  button.addEventListener("click", () => set(!story.classList.contains("closed")));
  if (innerWidth < 752) set(true);
}

async function begin() {
  grip();
  await map.start(open);
  if (!map.isReady()) status.textContent = "The map library is missing on this hub; the list works without.";
  const items = [...document.querySelectorAll(".layers li")];
  const answers = await Promise.allSettled(items.map(load));
  if (answers.some((each) => each.status === "rejected")) status.textContent = "Some layers could not be read.";
  const places = [...known.values()].map((entity) => entity.place).filter(Boolean);
  const isHere = places.some(([north, east]) => north > 7.7 && north < 8.3 && east > 98.2 && east < 98.5);
  if (places.length && !isHere) map.show(places);
  if (items.length) highlights();
  age();
  document.getElementById("find")?.addEventListener("input", find);
  const wanted = decodeURIComponent(location.hash.slice(1));
  if (known.has(wanted)) { map.goTo(known.get(wanted)); open(wanted); }
  setInterval(poll, pollSeconds * 1000);
  setInterval(age, 1000);
}

begin();
