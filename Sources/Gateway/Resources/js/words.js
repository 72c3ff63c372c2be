// Numbers, times, units and names as people say them.

const signs = {
  KMH: "km/h", MTS: "m/s", CEL: "°C", P1: "%", GQ: "µg/m³", GP: "mg/m³", MTR: "m", KMT: "km",
  MMT: "mm", DD: "°", C62: "", SEC: "s", MIN: "min", HUR: "h", LUX: "lx", "2N": "dB",
};

export const unit = (code) => (code ? signs[code] ?? code : "");

export function ago(moment, now = Date.now()) {
  const seconds = Math.floor((now - moment) / 1000);
  if (!Number.isFinite(seconds)) return "unknown";
  if (seconds < 2) return "just now";
  const [count, noun] =
    seconds < 60 ? [seconds, "second"]
    : seconds < 3600 ? [Math.floor(seconds / 60), "minute"]
    : seconds < 172800 ? [Math.floor(seconds / 3600), "hour"]
    : [Math.floor(seconds / 86400), "day"];
  return `${count} ${noun}${count === 1 ? "" : "s"} ago`;
}

export function figure(value) {
  if (typeof value !== "number" || !Number.isFinite(value)) return "–";
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString("en", { maximumFractionDigits: digits }).replaceAll(",", "\u202f");
}

// "averageVehicleSpeed" is "Average vehicle speed"; the names of pollutants stay as they are.
const known = { pm25: "PM2.5", pm10: "PM10", no2: "NO₂", o3: "O₃", so2: "SO₂", co: "CO" };
export function attributeName(name) {
  if (known[name]) return known[name];
  const local = name.split(/[/#:]/).pop() || name;
  const words = local.replace(/([a-z\d])([A-Z])/g, "$1 $2").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function plain(value) {
  if (value === true) return "yes";
  if (value === false) return "no";
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

// An element with text in it: never HTML, so no name in the data can become markup.
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}
