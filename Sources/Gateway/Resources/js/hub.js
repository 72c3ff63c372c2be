// The hub's public API: the pages ask like anyone else.

const pageSize = 500;
export const maximumPerType = 3000;

async function get(path, options = {}) {
  const response = await fetch(path, { headers: { Accept: "application/json" }, ...options });
  if (!response.ok) throw new Error(`${response.status} for ${path}`);
  return response.json();
}

// All entities of a type, a page at a time, no more than the map can show.
export async function entities(type) {
  const found = [];
  while (found.length < maximumPerType) {
    const query = new URLSearchParams({
      type, options: "sysAttrs", limit: pageSize, offset: found.length,
    });
    const page = await get(`/ngsi-ld/v1/entities?${query}`);
    found.push(...page);
    if (page.length < pageSize) break;
  }
  return found.map(read);
}

// What changed since a moment, by the hub's clock.
export async function changes(types, since) {
  const query = new URLSearchParams({
    type: types.join(","), q: `modifiedAt>=${since}`, options: "sysAttrs", limit: pageSize,
  });
  return (await get(`/ngsi-ld/v1/entities?${query}`)).map(read);
}

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
