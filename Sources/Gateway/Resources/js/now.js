// The page Now: loads every layer, keeps it fresh, and opens what is picked.

import * as detail from "./detail.js";
import { kindOf, mainValue } from "./kinds.js";
import * as layers from "./layers.js";
import * as map from "./map.js";
import { choose, onPick } from "./symbols.js";
import * as words from "./words.js";

const pollSeconds = 5;
// Looked back further than the last change seen, so that what was committed late is not missed.
const overlapMilliseconds = 3000;
const foundLimit = 8;

const status = document.getElementById("status");

function open(id) {
  const entity = layers.entity(id);
  if (!entity) return;
  detail.open(entity, layers.labelOf(entity.type));
  choose(id);
  map.tidy();
  history.replaceState(null, "", `#${encodeURIComponent(id)}`);
}

detail.onClose(() => {
  choose(null);
  history.replaceState(null, "", location.pathname);
});

function show(entity) {
  map.goTo(entity.place, kindOf(entity.type).fine ? 16 : 14.5);
  open(entity.id);
}

async function poll() {
  if (document.hidden) return;
  try {
    if (await layers.poll(overlapMilliseconds)) highlights();
    status.textContent = "";
  } catch {
    status.textContent = "The hub does not answer; trying again …";
  }
}

// Four sentences a visitor would ask for first.
function highlights() {
  const of = (type) => [...layers.all()].filter((entity) => entity.type === type);
  const most = (type, name) =>
    of(type).filter((each) => typeof each.attributes[name]?.value === "number")
      .sort((a, b) => b.attributes[name].value - a.attributes[name].value)[0];
  const fullest = most("TrafficFlowObserved", "occupancy");
  const vehicles = of("Vehicle");
  const moving = vehicles.filter((each) => each.attributes.serviceStatus?.value === "onRoute");
  const cards = [
    ["Most people", most("CrowdFlowObserved", "peopleCount")],
    ["Fullest road", fullest, fullest && { value: words.figure(fullest.attributes.occupancy.value * 100), unit: "% full" }],
    ["Most fine dust", most("AirQualityObserved", "pm25")],
    ["On the move", moving[0] ?? vehicles[0], { value: `${moving.length}`, unit: `of ${vehicles.length}` },
      moving.length ? "vehicles; show one" : "vehicles: all are parked"],
  ].filter(([, entity]) => entity);
  const list = document.getElementById("highlights");
  const focused = [...list.querySelectorAll("button")].indexOf(document.activeElement);
  list.replaceChildren(...cards.map(([title, entity, given, name]) => {
    const { value, unit } = given ?? mainValue(entity, words);
    const button = words.make("button", { type: "button" },
      words.make("small", {}, title), words.make("b", {}, value, " ", words.make("i", {}, unit)),
      words.make("em", {}, name ?? entity.name));
    button.addEventListener("click", () => show(entity));
    return words.make("li", {}, button);
  }));
  // Whoever stands on a card with the keyboard stays there.
  list.querySelectorAll("button")[focused]?.focus();
}

function find() {
  const wanted = document.getElementById("find").value.trim().toLowerCase();
  const matches = wanted
    ? [...layers.all()].filter((each) => `${each.name} ${layers.labelOf(each.type)}`.toLowerCase().includes(wanted))
    : [];
  const items = matches.slice(0, foundLimit).map((entity) => {
    const value = mainValue(entity, words);
    const button = words.make("button", { type: "button" }, entity.name,
      words.make("small", {}, value ? `${value.value} ${value.unit}` : layers.labelOf(entity.type)));
    button.addEventListener("click", () => show(entity));
    return words.make("li", {}, button);
  });
  const more = matches.length - foundLimit;
  if (more > 0) items.push(words.make("li", { class: "small" }, `and ${words.figure(more)} more`));
  if (wanted && !matches.length) items.push(words.make("li", { class: "small" }, "Nothing of that name is on the map."));
  document.getElementById("found").replaceChildren(...items);
}

function grip() {
  const story = document.querySelector(".story");
  const button = document.querySelector(".grip");
  const set = (isClosed) => {
    story.classList.toggle("closed", isClosed);
    button.setAttribute("aria-expanded", !isClosed);
  };
  button.addEventListener("click", () => set(!story.classList.contains("closed")));
  // On a phone the map comes first, where there is something on it.
  if (innerWidth < 752 && document.querySelector(".layers")) set(true);
}

async function begin() {
  grip();
  onPick(open);
  layers.onEntity(detail.update);
  map.start();
  if (!map.isReady()) status.textContent = "The map library is missing on this hub; the list works without.";
  const failures = await layers.load([...document.querySelectorAll(".layers li")]);
  if (failures) status.textContent = "Some layers could not be read.";
  await map.settle(layers.places());
  map.onMove(layers.look);
  layers.look();
  if (document.getElementById("highlights")) highlights();
  layers.age();
  document.getElementById("find")?.addEventListener("input", find);
  const wanted = layers.entity(decodeURIComponent(location.hash.slice(1)));
  if (wanted) show(wanted);
  document.body.dataset.ready = "";
  setInterval(poll, pollSeconds * 1000);
  setInterval(layers.age, 1000);
}

begin();
