// The hub's public API: the pages ask like anyone else.

const pageSize = 500;
// So many changes are taken up in one round; more of them, and the page is read anew.
const changesLimit = 2000;

async function get(path, options = {}) {
  const response = await fetch(path, { headers: { Accept: "application/json" }, ...options });
  if (!response.ok) throw new Error(`${response.status} for ${path}`);
  return response.json();
}

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

// The readings of one attribute: [[milliseconds, number], …], oldest first.
export async function history(id, attribute, hours, signal) {
  const query = new URLSearchParams({
    attrs: attribute, options: "temporalValues", lastN: 1000,
  });
  if (hours) {
    query.set("timerel", "after");
    query.set("timeAt", new Date(Date.now() - hours * 3600000).toISOString());
  }
  const path = `/ngsi-ld/v1/temporal/entities/${encodeURIComponent(id)}?${query}`;
  const answer = await get(path, { signal });
  const series = [answer[attribute] ?? []].flat()[0];
  return (series?.values ?? [])
    .map(([value, at]) => [Date.parse(at), typeof value === "boolean" ? Number(value) : value])
    .filter(([at, value]) => Number.isFinite(at) && typeof value === "number")
    .sort((a, b) => a[0] - b[0]);
}

const core = new Set(["id", "type", "@context", "createdAt", "modifiedAt", "scope", "expiresAt"]);

// An entity as the page uses it: its attributes as {name, value, unitCode, observedAt}.
function read(raw) {
  const attributes = {};
  let newest = 0;
  for (const [name, given] of Object.entries(raw)) {
    if (core.has(name)) continue;
    const instance = Array.isArray(given) ? given[0] : given;
    const value = ["value", "object", "languageMap", "vocab", "json", "valueList", "objectList"]
      .map((key) => instance?.[key]).find((each) => each !== undefined);
    const observedAt = Date.parse(instance?.observedAt ?? "");
    attributes[name] = { name, value, unitCode: instance?.unitCode, observedAt };
    if (observedAt > newest) newest = observedAt;
  }
  const names = attributes.name?.value;
  const name = typeof names === "string" ? names : names?.en ?? Object.values(names ?? {})[0];
  return {
    id: raw.id,
    type: [raw.type].flat()[0],
    name: typeof name === "string" ? name : raw.id.split(":").pop(),
    attributes,
    newest: newest || Date.parse(raw.modifiedAt ?? ""),
    modifiedAt: raw.modifiedAt,
    place: point(attributes.location?.value),
  };
}

// A point of the geometry, good enough for a symbol.
function point(geometry) {
  let place = geometry?.coordinates;
  while (Array.isArray(place?.[0])) place = place[0];
  return Array.isArray(place) && place.every(Number.isFinite) ? [place[1], place[0]] : null;
}
