// Numbers, times, units and names as people say them.

const signs = {
  KMH: "km/h", MTS: "m/s", CEL: "°C", P1: "%", GQ: "µg/m³", GP: "mg/m³", MTR: "m", KMT: "km",
  MMT: "mm", DD: "°", C62: "", SEC: "s", MIN: "min", HUR: "h", KGM: "kg", KWH: "kWh", WTT: "W",
  LUX: "lx", "2N": "dB", 59: "ppm", HPA: "hPa", A97: "hPa", LTR: "l", MTQ: "m³", VLT: "V", AMP: "A",
};

export const unit = (code) => (code ? (Object.hasOwn(signs, code) ? signs[code] : code) : "");

const main = document.querySelector("main");
const texts = JSON.parse(main?.dataset.words ?? "{}");

// The words of the page's language with this key, with the values in the places of `{name}`.
export const t = (key, values = {}) =>
  texts[key].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

// The language for dates; the years are those of the common calendar everywhere.
const language = document.documentElement.lang || "en";
export const locale = language === "en" ? "en-GB" : `${language}-u-ca-gregory`;

// The hub's clock: a visitor's own may be wrong.
const ahead = Date.parse(main?.dataset.now ?? "") - Date.now() || 0;
export const now = () => Date.now() + ahead;

// Sensors' clocks run a little ahead; a reading dated further ahead than this is of the future.
const tolerance = 60000;
export const isFuture = (moment, at = now()) => moment > at + tolerance;

// "5 minutes"; the unit is a second, minute, hour, day, month or year.
const units = {
  second: ["spanSecond", "spanSeconds"], minute: ["spanMinute", "spanMinutes"], hour: ["spanHour", "spanHours"],
  day: ["spanDay", "spanDays"], month: ["spanMonth", "spanMonths"], year: ["spanYear", "spanYears"],
};
export const several = (count, unit) => t(units[unit][count === 1 ? 0 : 1], { count });

function duration(seconds) {
  const days = seconds / 86400;
  if (seconds < 60) return several(seconds, "second");
  if (seconds < 3600) return several(Math.floor(seconds / 60), "minute");
  if (days < 2) return several(Math.floor(seconds / 3600), "hour");
  if (days < 60) return several(Math.floor(days), "day");
  if (days < 730) return several(Math.floor(days / 30.4375), "month");
  return several(Math.floor(days / 365.25), "year");
}

export function ago(moment, at = now()) {
  const seconds = Math.floor((at - moment) / 1000);
  if (!Number.isFinite(seconds)) return t("agoUnknown");
  if (isFuture(moment, at)) return t("agoAhead", { span: duration(-seconds) });
  return seconds < 2 ? t("agoNow") : t("agoSpan", { span: duration(seconds) });
}

// An age as short as a label needs it: "5 min", "3 h".
export function age(moment, at = now()) {
  const seconds = Math.max(0, Math.floor((at - moment) / 1000));
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 60) return t("mapAgeNow");
  if (seconds < 3600) return t("mapAgeMinutes", { count: Math.floor(seconds / 60) });
  if (seconds < 172800) return t("mapAgeHours", { count: Math.floor(seconds / 3600) });
  if (seconds < 730 * 86400) return t("mapAgeDays", { count: Math.floor(seconds / 86400) });
  return t("mapAgeYears", { count: Math.floor(seconds / (365.25 * 86400)) });
}

// A number with as many digits as matter; of a small one the first two that are not zero.
export function figure(value) {
  if (typeof value !== "number" || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const digits = size > 0 && size < 0.1 ? { maximumSignificantDigits: 2 }
    : { maximumFractionDigits: size >= 100 ? 0 : size >= 10 ? 1 : 2 };
  return value.toLocaleString("en", digits).replaceAll(",", "\u202f");
}

// "averageVehicleSpeed" is "Average vehicle speed"; the names of pollutants stay as they are.
const known = { pm25: "PM2.5", pm10: "PM10", no2: "NO₂", o3: "O₃", so2: "SO₂", co: "CO" };
export function attributeName(name) {
  if (Object.hasOwn(known, name)) return known[name];
  const words = localName(name).replace(/([a-z\d])([A-Z])/g, "$1 $2").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function plain(value) {
  if (value === true) return t("mapYes");
  if (value === false) return t("mapNo");
  if (typeof value === "number") return figure(value);
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(plain).join(", ");
  if (value && value.type === "Point" && Array.isArray(value.coordinates)) {
    const [east, north] = value.coordinates;
    return `${Number(north).toFixed(4)}° N, ${Number(east).toFixed(4)}° E`;
  }
  if (value && value.coordinates) return value.type;
  return JSON.stringify(value);
}

// The last part of an identifier as people read it: "Main Street", not "Main%20Street".
export function localName(id) {
  const part = id.split(/[:/#]/).filter(Boolean).pop() ?? id;
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

// An element with text in it: never HTML, so no name in the data can become markup.
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}
