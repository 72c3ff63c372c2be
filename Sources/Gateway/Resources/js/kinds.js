// What the map knows of the types it may meet: the value that matters, its scale and its symbol.

import * as words from "./words.js";

const number = (entity, name) => {
  const value = entity.attributes[name]?.value;
  return typeof value === "number" ? value : undefined;
};
const text = (entity, name) => entity.attributes[name]?.value;

// The class of the first step whose upper bound the value stays below.
const step = (value, bounds, prefix) => {
  if (value === undefined) return "none";
  const index = bounds.findIndex((bound) => value < bound);
  return `${prefix}-${(index < 0 ? bounds.length : index) + 1}`;
};

const kinds = {
  TrafficFlowObserved: {
    shape: "circle", main: "averageVehicleSpeed", unit: "km/h",
    what: words.t("mapWhatTraffic"),
    charts: ["averageVehicleSpeed", "intensity", "occupancy"], shares: ["occupancy"],
    // Speed says little without the road: occupancy tells how full it is.
    hue: (entity) => step(number(entity, "occupancy"), [0.12, 0.22, 0.34, 0.48], "ramp"),
    scale: [["ramp-1", words.t("mapFree")], ["ramp-2", ""], ["ramp-3", words.t("mapBusy")], ["ramp-4", ""], ["ramp-5", words.t("mapFull")]],
  },
  CrowdFlowObserved: {
    shape: "square", main: "peopleCount", unit: words.t("mapPeople"),
    what: words.t("mapWhatPeople"),
    charts: ["peopleCount", "averageCrowdSpeed"],
    hue: (entity) => step(number(entity, "peopleCount"), [50, 150, 350, 700], "people"),
    scale: [["people-1", "0"], ["people-2", "50"], ["people-3", "150"], ["people-4", "350"], ["people-5", "700"]],
  },
  AirQualityObserved: {
    shape: "diamond", main: "pm25", unit: "µg/m³",
    what: words.t("mapWhatAir"),
    charts: ["pm25", "pm10", "no2", "temperature"],
    hue: (entity) => step(number(entity, "pm25"), [10, 15, 25, 37.5], "ramp"),
    scale: [["ramp-1", "0"], ["ramp-2", "10"], ["ramp-3", "15"], ["ramp-4", "25"], ["ramp-5", "37.5 µg/m³"]],
  },
  Vehicle: {
    shape: "arrow", main: "speed", unit: "km/h", key: "bus",
    what: words.t("mapWhatVehicle"),
    charts: ["speed"],
    hue: (entity) => (text(entity, "serviceStatus") === "parked" ? "none" : "bus"),
    scale: [],
  },
  WeatherObserved: {
    shape: "flag", main: "temperature", unit: "°C",
    what: words.t("mapWhatWeather"),
    charts: ["temperature", "precipitation", "windSpeed"],
    hue: () => "plain", scale: [],
  },
  Beach: {
    shape: "flag", main: "safetyFlag", unit: words.t("mapFlag"),
    what: words.t("mapWhatBeach"),
    charts: ["waveHeight"],
    hue: (entity) => ({ green: "ramp-1", yellow: "ramp-3", red: "ramp-5" })[text(entity, "safetyFlag")] ?? "none",
    scale: [["ramp-1", words.t("mapGreen")], ["ramp-3", words.t("mapYellow")], ["ramp-5", words.t("mapRed")]],
  },
  WasteContainer: {
    shape: "bin", main: "fillingLevel", unit: "", shares: ["fillingLevel"], suffix: words.t("mapFull"), fine: true,
    what: words.t("mapWhatBin"),
    charts: ["fillingLevel"],
    hue: (entity) => step(number(entity, "fillingLevel"), [0.4, 0.6, 0.8, 0.95], "ramp"),
    scale: [["ramp-1", words.t("mapEmpty")], ["ramp-2", ""], ["ramp-3", ""], ["ramp-4", ""], ["ramp-5", words.t("mapFull")]],
  },
  Streetlight: {
    shape: "dot", main: "powerState", unit: "", fine: true,
    what: words.t("mapWhatLamp"),
    charts: ["illuminanceLevel"],
    hue: (entity) =>
      text(entity, "status") === "defectiveLamp" ? "ramp-5"
      : text(entity, "powerState") === "on" ? "lit" : "unlit",
    scale: [["lit", words.t("mapOn")], ["unlit", words.t("mapOff")], ["ramp-5", words.t("mapDefective")]],
  },
};

// Types nobody drew for have a colour each.
const plainHues = ["plain", "plain-2", "plain-3", "plain-4", "plain-5", "plain-6"];
const plainKinds = new Map();

const unknown = {
  shape: "circle", main: null, unit: "", what: "", charts: [], hue: () => "plain", scale: [],
};

function plainKind(type, hue) {
  plainKinds.set(type, { ...unknown, hue: () => hue });
  return plainKinds.get(type);
}

const preferred = (type) => [...type].reduce((sum, each) => (sum * 31 + each.codePointAt(0)) % 65521, 7);

// Gives each type the colour that its name stands for, or the next that is free: the same at each
// load, however many entities there are of which.
export function colour(types) {
  const free = new Set(plainHues);
  for (const type of types.filter((each) => !Object.hasOwn(kinds, each)).sort()) {
    if (!free.size) plainHues.forEach((each) => free.add(each));
    let index = preferred(type);
    while (!free.has(plainHues[index % plainHues.length])) index += 1;
    free.delete(plainHues[index % plainHues.length]);
    plainKind(type, plainHues[index % plainHues.length]);
  }
}

export const kindOf = (type) =>
  (Object.hasOwn(kinds, type) ? kinds[type] : plainKinds.get(type)) ?? plainKind(type, plainHues[preferred(type) % plainHues.length]);

// Attributes worth a chart: the kind's own, or every number measured of an unknown kind.
export function chartable(entity) {
  const named = kindOf(entity.type).charts.filter((name) => entity.attributes[name]);
  if (named.length) return named;
  return Object.values(entity.attributes)
    .filter(({ value, observedAt }) => typeof value === "number" && Number.isFinite(observedAt))
    .map((attribute) => attribute.name);
}

// How an attribute is shown, everywhere the same: what its numbers are multiplied by, and their unit.
export function scaleOf(entity, name) {
  const kind = kindOf(entity.type);
  if (kind.shares?.includes(name)) return { factor: 100, unit: "%" };
  const unit = words.unit(entity.attributes[name]?.unitCode);
  return { factor: 1, unit: unit || (kind.main === name ? kind.unit : "") };
}

// The value of an attribute, ready to print: {value, unit}.
export function valueOf(entity, name) {
  const value = entity.attributes[name]?.value;
  const { factor, unit } = scaleOf(entity, name);
  if (typeof value === "number") return { value: words.figure(value * factor), unit };
  return { value: words.plain(value), unit };
}

// The name of the attribute that matters.
export const mainName = (entity) => kindOf(entity.type).main ?? chartable(entity)[0];

// The value that matters, ready to print: {value, unit}.
export function mainValue(entity) {
  const name = mainName(entity);
  if (entity.attributes[name]?.value === undefined) return null;
  const { suffix } = kindOf(entity.type);
  const { value, unit } = valueOf(entity, name);
  return { value, unit: suffix ? `${unit} ${suffix}` : unit };
}

// Whether an attribute was observed, if one believes it, at a time that has not come.
export const isAhead = (entity, name = mainName(entity)) => words.isFuture(entity.attributes[name]?.observedAt);

// Whether it should have reported and did not, as the hub noticed.
export const isSilent = (entity) => entity.attributes.silent?.value === true;
