// The hub's public API: the pages ask like anyone else.

import * as times from "./times.js";
import { isFuture, localName, now } from "./words.js";

const pageSize = 500;
// So many changes are taken up in one round; more of them, and the page is read anew.
const changesLimit = 2000;
// So many readings are drawn one by one; of more, the hub sums up so many periods at most.
const readingsLimit = 400;
const periodsLimit = 240;

async function ask(path, options = {}) {
  const response = await fetch(path, { headers: { Accept: "application/json" }, ...options });
  if (!response.ok) throw Object.assign(new Error(`${response.status} for ${path}`), { status: response.status });
  return response;
}

const get = async (path, options) => (await ask(path, options)).json();

async function pages(parameters, limit, signal) {
  const found = [];
  while (found.length < limit) {
    const wanted = Math.min(pageSize, limit - found.length);
    const query = new URLSearchParams({
      ...parameters, options: "sysAttrs", limit: wanted, offset: found.length,
    });
    const page = await get(`/ngsi-ld/v1/entities?${query}`, { signal });
    found.push(...page);
    if (page.length < wanted) break;
  }
  return found.map(read);
}

// Entities of a type, at most so many.
export const entities = (type, limit) => pages({ type }, limit);

// Entities of a type whose place is in the box; the hub finds them by its index of places.
export function inView(type, { west, south, east, north }, limit, signal) {
  const ring = [[west, south], [east, south], [east, north], [west, north], [west, south]];
  return pages({
    type, georel: "intersects", geometry: "Polygon", coordinates: JSON.stringify([ring]),
  }, limit, signal);
}

// What changed since a moment, by the hub's clock.
export const changes = (types, since) =>
  pages({ type: types.join(","), q: `modifiedAt>=${since}` }, changesLimit);

// One entity, or null when there is none that the visitor may see.
export async function entity(id, signal) {
  try {
    return read(await get(`/ngsi-ld/v1/entities/${encodeURIComponent(id)}?options=sysAttrs`, { signal }));
  } catch (error) {
    if (error.status === 404) return null;
    throw error;
  }
}

// The newest reading of each attribute that the history has, of one entity or of those of a type: also of attributes
// that the present state does not have. Answers entities, at most so many.
export async function past({ id, type }, limit, signal) {
  // A query takes a list of identifiers with commas between them.
  if (id?.includes(",")) return [];
  const asked = id ? { id, type } : { type };
  const query = new URLSearchParams({ ...asked, timerel: "before", timeAt: iso(now() + 1), lastN: 1, limit });
  const response = await ask(`/ngsi-ld/v1/temporal/entities?${query}`, { signal });
  return (await response.json()).map(read);
}

// MARK: Finding

// A pattern of POSIX that finds the text, whatever its letters' case. It compares bytes, so letters
// of several bytes are alternatives.
function pattern(text) {
  return [...text].map((each) => {
    const [lower, upper] = [each.toLowerCase(), each.toUpperCase()];
    if (lower !== upper) return /[a-z]/.test(lower) ? `[${lower}${upper}]` : `(${lower}|${upper})`;
    return /[\p{L}\p{N}\s_-]/u.test(each) ? each : /[\^]/.test(each) ? "\\^" : `[${each}]`;
  }).join("");
}

// Entities whose name or identifier has the text in it, or that are of one of the types; at most so
// many for each of these questions. Says also whether there are more, and whether the hub would not
// answer one of them: on a large hub it may take too long.
export async function find(text, types, limit, signal) {
  const wanted = pattern(text);
  const quoted = JSON.stringify(wanted);
  const inIdentifier = encodeURIComponent(text) === text ? wanted : `(${wanted}|${pattern(encodeURIComponent(text))})`;
  const questions = [{ q: `name~=${quoted}` }, { idPattern: inIdentifier }];
  if (types.length) questions.push({ type: types.join(",") });
  const outcomes = await Promise.allSettled(questions.map((each) =>
    pages({ ...each, local: true }, limit + 1, signal)));
  const answers = outcomes.flatMap(({ value }) => (value ? [value] : []));
  return {
    entities: answers.flat(),
    isCut: answers.some((each) => each.length > limit),
    isPartial: answers.length < questions.length,
  };
}

// MARK: History

// The temporal evolution of an attribute in one of its forms; null when there is nothing in the time.
// To query is not to retrieve: of nothing there is an empty answer, and no error. A query takes a list
// of identifiers with commas between them, so one that has a comma in it is asked for by a pattern.
async function evolution({ id, attribute, datasetId, timeproperty }, parameters, signal) {
  const wanted = id.includes(",") ? { idPattern: `^${id.replace(/[^\p{L}\p{N}:_,/-]/gu, ".")}$` } : { id };
  const query = new URLSearchParams({ ...wanted, attrs: attribute, timeproperty, ...parameters });
  const response = await ask(`/ngsi-ld/v1/temporal/entities?${query}`, { signal });
  const found = (await response.json()).find((each) => each.id === id) ?? {};
  const series = [found[attribute] ?? []].flat().find((each) => each.datasetId === datasetId);
  return series ? { ...series, isPartial: response.status === 206 } : null;
}

const iso = (at) => new Date(at).toISOString();

const sums = (source, range, methods, period, signal) =>
  evolution(source, { ...range, options: "aggregatedValues", aggrMethods: methods, aggrPeriodDuration: period }, signal);

async function readings(source, range, count, signal) {
  const series = await evolution(source, { ...range, options: "temporalValues", lastN: count }, signal);
  const points = (series?.values ?? [])
    .map(([value, time]) => ({ at: Date.parse(time), value }))
    .filter(({ at, value }) => Number.isFinite(at) && typeof value === "number")
    .map(({ at, value }) => ({ at, from: at, to: at, mean: value, least: value, most: value }))
    .sort((a, b) => a.at - b.at);
  return { points, isPartial: series?.isPartial ?? false };
}

// The periods with readings: an element of each method for each of them.
function periodsOf({ avg = [], min = [], max = [] }) {
  const values = (list) => new Map(list.map(([value, from]) => [from, value]));
  const [least, most] = [values(min), values(max)];
  return avg.map(([mean, start, end]) => {
    const [from, to] = [Date.parse(start), Date.parse(end)];
    return { at: (from + to) / 2, from, to, mean, least: least.get(start) ?? mean, most: most.get(start) ?? mean };
  }).filter(({ mean }) => typeof mean === "number").sort((a, b) => a.at - b.at);
}

// The readings of one attribute in the last hours, or all there are (0), up to this moment: each of
// them where they are few, else summed up by the hub.
export async function history(entity, name, hours, signal) {
  const { datasetId, observedAt } = entity.attributes[name] ?? {};
  const timeproperty = Number.isFinite(observedAt) ? "observedAt" : "modifiedAt";
  const source = { id: entity.id, attribute: name, datasetId, timeproperty };
  let to = now();
  let from = to - hours * 3600000;
  const range = (start) => hours || start !== undefined
    ? { timerel: "between", timeAt: iso(start ?? from), endTimeAt: iso(to + 1) }
    : { timerel: "before", timeAt: iso(to + 1) };
  const whole = (await sums(source, range(), "totalCount", "PT0S", signal))?.totalCount?.[0];
  if (!whole) return { points: [], from, to, total: 0 };
  const total = whole[0];
  if (!hours) {
    from = Date.parse(whole[1]);
    to = (await readings(source, range(), 1, signal)).points.at(-1)?.at ?? to;
  }
  const drawn = total <= readingsLimit ? await readings(source, range(), readingsLimit, signal) : null;
  if (drawn && !drawn.isPartial) return { ...drawn, from, to, total, length: 0 };
  const period = times.period(from, to, periodsLimit);
  const summed = await sums(source, range(period.start), "avg,min,max", period.iso, signal);
  return {
    points: periodsOf(summed ?? {}), from: Math.min(from, period.start), to, total,
    length: period.length, isSummed: true, periodName: period.name,
  };
}

// MARK: Reading

const core = new Set(["id", "type", "@context", "createdAt", "modifiedAt", "scope", "expiresAt"]);

// An entity as the page uses it: its attributes as {name, value, unitCode, observedAt}.
function read(raw) {
  const attributes = {};
  let newest = 0, isObserved = false;
  for (const [name, given] of Object.entries(raw)) {
    if (core.has(name)) continue;
    const instance = Array.isArray(given) ? given.find((each) => !each.datasetId) ?? given[0] : given;
    const value = ["value", "object", "languageMap", "vocab", "json", "valueList", "objectList"]
      .map((key) => instance?.[key]).find((each) => each !== undefined);
    const observedAt = Date.parse(instance?.observedAt ?? "");
    attributes[name] = {
      name, value, unitCode: instance?.unitCode, observedAt, datasetId: instance?.datasetId,
      isLink: instance?.type === "Relationship" || instance?.type === "ListRelationship",
    };
    isObserved ||= Number.isFinite(observedAt);
    if (observedAt > newest && !isFuture(observedAt)) newest = observedAt;
  }
  const names = attributes.name?.value;
  const name = typeof names === "string" ? names : names?.en ?? Object.values(names ?? {})[0];
  return {
    id: raw.id,
    type: [raw.type].flat()[0],
    name: typeof name === "string" ? name : localName(raw.id),
    attributes,
    // When it was stored counts where nobody says when it was observed.
    newest: newest || (isObserved ? NaN : Date.parse(raw.modifiedAt ?? "")),
    modifiedAt: raw.modifiedAt,
    place: middle(attributes.location?.value),
    shape: shape(attributes.location?.value),
  };
}

// The middle of a geometry's corners, where its symbol stands.
function middle(geometry) {
  const corners = [geometry?.coordinates].flat(Infinity);
  if (corners.length < 2 || !corners.every(Number.isFinite)) return null;
  const depth = (list) => (Array.isArray(list[0]) ? depth(list[0]) : list.length);
  const step = depth(geometry.coordinates);
  const range = (offset) => {
    let [least, most] = [Infinity, -Infinity];
    for (let at = offset; at < corners.length; at += step) {
      least = Math.min(least, corners[at]);
      most = Math.max(most, corners[at]);
    }
    return (least + most) / 2;
  };
  return [range(1), range(0)];
}

// What is drawn beside the symbol: lines and areas.
const shape = (geometry) => (/Line|Polygon/.test(geometry?.type ?? "") ? geometry : null);
