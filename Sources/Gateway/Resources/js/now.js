// The page Now: loads every layer, keeps it fresh, and opens what is picked.

import * as detail from "./detail.js";
import * as find from "./find.js";
import { entity as entityOfHub, past } from "./hub.js";
import { chartable, isAhead, kindOf, mainValue, valueOf } from "./kinds.js";
import * as layers from "./layers.js";
import * as map from "./map.js";
import { age as ageOfSymbols, choose, onPick } from "./symbols.js";
import * as words from "./words.js";

const pollSeconds = 5;
// Looked back further than the last change seen, so that what was committed late is not missed.
const overlapMilliseconds = 3000;
const emptySeconds = 5;

const status = document.getElementById("status");

async function open(id) {
  let entity = layers.entity(id);
  if (!entity) {
    entity = await entityOfHub(id).catch(() => null);
    if (!entity) return say(words.t("mapGone"));
    layers.adopt(entity);
  }
  if (!chartable(entity).length) {
    const [history] = await past({ id, type: entity.type }, 1).catch(() => []);
    if (history) layers.remember(entity, history);
  }
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
  if (!layers.entity(entity.id)) layers.adopt(entity);
  map.goTo(entity.place, kindOf(entity.type).fine ? 16 : 14.5);
  open(entity.id);
}

// Tells something for a while.
let told = 0;
function say(text) {
  status.textContent = text;
  told = Date.now();
}

async function poll() {
  if (document.hidden) return;
  try {
    if (await layers.poll(overlapMilliseconds)) highlights();
    if (Date.now() - told > pollSeconds * 1000) status.textContent = "";
  } catch {
    status.textContent = words.t("mapAway");
  }
}

// Four sentences a visitor would ask for first.
function highlights() {
  const of = (type) => [...layers.all()].filter((entity) => entity.type === type);
  // What is dated in the future is no news of now.
  const most = (type, name) =>
    of(type).filter((each) => typeof each.attributes[name]?.value === "number" && !isAhead(each, name))
      .sort((a, b) => b.attributes[name].value - a.attributes[name].value)[0];
  const fullest = most("TrafficFlowObserved", "occupancy");
  const vehicles = of("Vehicle");
  const moving = vehicles.filter((each) => each.attributes.serviceStatus?.value === "onRoute" && !isAhead(each));
  const cards = [
    [words.t("mapMostPeople"), most("CrowdFlowObserved", "peopleCount")],
    [words.t("mapFullestRoad"), fullest, fullest && { ...valueOf(fullest, "occupancy"), unit: words.t("mapPercentFull") }],
    [words.t("mapMostDust"), most("AirQualityObserved", "pm25")],
    [words.t("mapMoving"), moving[0] ?? vehicles[0], { value: `${moving.length}`, unit: words.t("mapOf", { count: vehicles.length }) },
      moving.length ? words.t("mapVehicles") : words.t("mapParked")],
  ].filter(([, entity]) => entity);
  const list = document.getElementById("highlights");
  const focused = [...list.querySelectorAll("button")].indexOf(document.activeElement);
  list.replaceChildren(...cards.map(([title, entity, given, name]) => {
    const { value, unit } = given ?? mainValue(entity);
    const button = words.make("button", { type: "button" },
      words.make("small", {}, title), words.make("b", {}, value, " ", words.make("i", {}, unit)),
      words.make("em", {}, name ?? entity.name));
    button.addEventListener("click", () => show(entity));
    return words.make("li", {}, button);
  }));
  // Whoever stands on a card with the keyboard stays there.
  list.querySelectorAll("button")[focused]?.focus();
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

// The entity that the address names, loaded or not.
async function openChosen() {
  const id = layers.chosenID();
  if (!id || id === detail.shownID()) return;
  await open(id);
  const entity = layers.entity(id);
  if (entity) map.goTo(entity.place, kindOf(entity.type).fine ? 16 : 14.5);
}

// A page that had nothing to show looks again, and starts anew when there is something.
async function lookAgain() {
  if (document.hidden || getSelection()?.toString()) return;
  try {
    const response = await fetch(location.pathname, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    if (response.ok && !page.querySelector(".empty")) location.reload();
  } catch {
    // The hub is away for a moment: the next round tries again.
  }
}

async function begin() {
  grip();
  onPick(open);
  layers.onEntity(detail.update);
  map.start();
  if (!map.isReady()) status.textContent = words.t("mapNoLibrary");
  const failures = await layers.load([...document.querySelectorAll(".layers li")]);
  if (failures) status.textContent = words.t("mapSomeLayers");
  await map.settle(layers.places());
  map.onMove(layers.look);
  layers.look();
  if (document.getElementById("highlights")) highlights();
  layers.age();
  find.start(show);
  await openChosen();
  addEventListener("hashchange", openChosen);
  document.body.dataset.ready = "";
  if (document.querySelector(".empty")) setInterval(lookAgain, emptySeconds * 1000);
  setInterval(poll, pollSeconds * 1000);
  setInterval(layers.age, 1000);
  setInterval(ageOfSymbols, 30000);
}

begin();
