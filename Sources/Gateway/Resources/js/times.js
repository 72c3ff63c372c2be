// Moments in the city's own time, wherever the reader is: round ticks for an axis, and words.

import { locale, several } from "./words.js";

export const zone = document.querySelector("main")?.dataset.zone || "UTC";

const minute = 60000, hour = 60 * minute, day = 24 * hour;
// Steps between ticks: lengths of time up to weeks, then months, whose lengths differ.
const lengths = [
  1000, 5000, 15000, 30000, minute, 5 * minute, 15 * minute, 30 * minute, hour, 2 * hour, 3 * hour,
  6 * hour, 12 * hour, day, 2 * day, 7 * day, 14 * day,
];
const months = [1, 3, 6, 12, 24, 60, 120, 240, 600, 1200];
const monthLength = 30.4375 * day;

const clock = new Intl.DateTimeFormat("en-GB", {
  timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric",
  hour: "numeric", minute: "numeric", second: "numeric",
});

// What the clocks of the city show at a moment, as milliseconds of a calendar without time zones.
function wall(at) {
  const parts = Object.fromEntries(clock.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second)
    + (((at % 1000) + 1000) % 1000);
}

// The moment at which the city's clocks show it. Asked twice, for summer time may begin in between.
function moment(shown) {
  let at = shown - (wall(shown) - shown);
  at += shown - wall(at);
  return at;
}

const isWholeMonths = (step) => step.months !== undefined;
const stepOver = (span, count) =>
  span / count <= lengths.at(-1)
    ? { length: lengths.find((each) => each >= span / count) }
    : { months: months.find((each) => each * monthLength >= span / count) ?? months.at(-1) };

// The round moment at or before this one.
function floor(at, step) {
  const shown = wall(at);
  if (isWholeMonths(step)) {
    const date = new Date(shown);
    const count = date.getUTCFullYear() * 12 + date.getUTCMonth();
    return monthStart(count - (count % step.months));
  }
  // Weeks begin on Mondays; 1970 began on a Thursday.
  const origin = step.length % (7 * day) === 0 ? 4 * day : 0;
  return Math.floor((shown - origin) / step.length) * step.length + origin;
}

function monthStart(count) {
  const date = new Date(0);
  date.setUTCFullYear(Math.floor(count / 12), count % 12, 1);
  return date.getTime();
}

function following(shown, step) {
  if (!isWholeMonths(step)) return shown + step.length;
  const date = new Date(shown);
  return monthStart(date.getUTCFullYear() * 12 + date.getUTCMonth() + step.months);
}

// Round moments between two, about so many, with their labels.
export function ticks(from, to, count) {
  const step = stepOver(to - from, count);
  const namesYear = spansYears(from, to);
  const list = [];
  for (let shown = floor(from, step); list.length < 4 * count; shown = following(shown, step)) {
    const at = moment(shown);
    if (at > to) break;
    if (at >= from) list.push({ at, text: label(shown, step, namesYear) });
  }
  return list;
}

function label(shown, step, namesYear) {
  const say = (options) => new Date(shown).toLocaleString(locale, { timeZone: "UTC", hourCycle: "h23", ...options });
  const year = namesYear ? { year: "numeric" } : {};
  if (step.months % 12 === 0) return say({ year: "numeric" });
  if (isWholeMonths(step)) return say({ month: "short", year: "numeric" });
  if (step.length >= day || shown % day === 0) return say({ day: "numeric", month: "short", ...year });
  return say({ hour: "2-digit", minute: "2-digit", ...(step.length < minute ? { second: "2-digit" } : {}) });
}

const yearOf = (at) => new Date(wall(at)).getUTCFullYear();

// Whether a day and a month do not tell which year is meant.
export const spansYears = (from, to) => yearOf(from) !== yearOf(to) || yearOf(to) !== yearOf(Date.now());

// A moment of a chart in words, as exact as the chart: a day, or a time of a day.
export function say(at, from, to) {
  const span = to - from;
  const date = { day: "numeric", month: "short", ...(spansYears(from, to) ? { year: "numeric" } : {}) };
  const time = { hour: "2-digit", minute: "2-digit", ...(span < hour ? { second: "2-digit" } : {}) };
  return new Date(at).toLocaleString(locale, {
    timeZone: zone, hourCycle: "h23", ...(span > day || yearOf(to) !== yearOf(Date.now()) ? date : {}), ...(span < 400 * day ? time : {}),
  });
}

// Periods that the hub can sum up by, so that there are no more than so many in the span: their length,
// and as ISO 8601 has it.
const periods = [
  [1000, "PT1S"], [5000, "PT5S"], [15000, "PT15S"], [30000, "PT30S"], [minute, "PT1M"],
  [2 * minute, "PT2M"], [5 * minute, "PT5M"], [10 * minute, "PT10M"], [15 * minute, "PT15M"],
  [30 * minute, "PT30M"], [hour, "PT1H"], [2 * hour, "PT2H"], [3 * hour, "PT3H"], [6 * hour, "PT6H"],
  [12 * hour, "PT12H"], [day, "P1D"], [2 * day, "P2D"], [4 * day, "P4D"], [7 * day, "P7D"],
  [14 * day, "P14D"], [21 * day, "P21D"], [28 * day, "P28D"], [84 * day, "P84D"], [364 * day, "P364D"],
];
const periodUnits = { S: "second", M: "minute", H: "hour", D: "day" };

// The period for at most so many values of a span, from a round moment on.
export function period(from, to, count) {
  const [length, iso] = periods.find(([each]) => each >= (to - from) / count) ?? periods.at(-1);
  const name = several(Number(iso.match(/\d+/)[0]), periodUnits[iso.at(-1)]);
  const start = moment(floor(from, { length: Math.min(length, 7 * day) }));
  return { length, iso, start, name };
}
