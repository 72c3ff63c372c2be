// Vector tiles of the hub, for types that are too large to be read one by one.

// A tile covers so many pixels of the map at its zoom.
const tileSize = 512;
const maximumZoom = 22;
// So many tiles are asked for at a time; the window is covered by fewer.
const mostTiles = 40;

// What is in the box: features as they are, and groups of what is too much to be drawn: {features, groups}. The place of
// a group is where its members are on average.
export async function inView(type, box, zoom, signal) {
  const level = Math.min(maximumZoom, Math.max(0, Math.floor(zoom) - 1));
  const places = covering(box, level);
  const answers = await Promise.all(places.map((place) => tile(type, level, place, signal)));
  const features = new Map();
  const groups = [];
  for (const each of answers.flat()) {
    if (each.properties.cluster) groups.push({ place: each.lines[0][0], count: each.properties.point_count });
    // What lies across an edge is in two tiles, a piece in each.
    else if (features.has(each.properties.id)) features.get(each.properties.id).pieces.push(each);
    else features.set(each.properties.id, { ...each.properties, pieces: [each] });
  }
  return { features: [...features.values()], groups };
}

const column = (longitude, level) => ((longitude + 180) / 360) * 2 ** level;
const row = (latitude, level) => {
  const angle = (latitude * Math.PI) / 180;
  return ((1 - Math.asinh(Math.tan(angle)) / Math.PI) / 2) * 2 ** level;
};

function covering({ west, south, east, north }, level) {
  const last = 2 ** level - 1;
  const range = (from, to) => [Math.max(0, Math.floor(from)), Math.min(last, Math.floor(to))];
  const [left, right] = range(column(west, level), column(east, level));
  const [top, bottom] = range(row(north, level), row(south, level));
  const places = [];
  for (let y = top; y <= bottom; y += 1) {
    for (let x = left; x <= right && places.length < mostTiles; x += 1) places.push([x, y]);
  }
  return places;
}

async function tile(type, level, [x, y], signal) {
  const response = await fetch(`/tiles/${encodeURIComponent(type)}/${level}/${x}/${y}.mvt`, { signal });
  if (!response.ok) throw Object.assign(new Error(`${response.status} for a tile`), { status: response.status });
  // A point in the margin of a tile is in the neighbour, too, and is taken from there.
  const isInside = ([across, down]) => across >= 0 && across < 1 && down >= 0 && down < 1;
  const found = read(new Uint8Array(await response.arrayBuffer()))
    .filter(({ kind, lines: parts }) => kind !== "point" || (parts.length && isInside(parts[0][0])));
  const size = 2 ** level;
  for (const each of found) {
    each.lines = each.lines.map((line) => line.map(([across, down]) => {
      const longitude = ((x + across) / size) * 360 - 180;
      const latitude = (Math.atan(Math.sinh(Math.PI * (1 - (2 * (y + down)) / size))) * 180) / Math.PI;
      return [latitude, longitude];
    }));
  }
  return found;
}

// MARK: Reading (Vector Tile Specification 2.1, clause 4)

// The fields of a message of Protocol Buffers: numbers, or the bytes of fields with a length.
function* fields(bytes) {
  let at = 0;
  const varint = () => {
    let value = 0, factor = 1;
    for (;;) {
      const byte = bytes[at++];
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const [number, kind] = [Math.floor(tag / 8), tag & 7];
    if (kind === 0) yield [number, varint()];
    else if (kind === 2) {
      const length = varint();
      yield [number, bytes.subarray(at, (at += length))];
    } else {
      const length = kind === 1 ? 8 : 4;
      yield [number, bytes.subarray(at, (at += length))];
    }
  }
}

function packed(bytes) {
  const numbers = [];
  let value = 0, factor = 1;
  for (const byte of bytes) {
    value += (byte & 0x7f) * factor;
    if (byte >= 0x80) factor *= 128;
    else {
      numbers.push(value);
      [value, factor] = [0, 1];
    }
  }
  return numbers;
}

const text = (bytes) => new TextDecoder().decode(bytes);

function valueOf(bytes) {
  for (const [number, content] of fields(bytes)) {
    if (number === 1) return text(content);
    if (number === 3) return new DataView(content.buffer, content.byteOffset).getFloat64(0, true);
    if (number === 7) return content !== 0;
    // Numbers below zero are written with 64 bits.
    return content > 2 ** 63 ? content - 2 ** 64 : content;
  }
  return undefined;
}

function read(bytes) {
  const found = [];
  for (const [number, layer] of fields(bytes)) {
    if (number !== 3) continue;
    const keys = [], values = [], features = [];
    let extent = 4096;
    for (const [field, content] of fields(layer)) {
      if (field === 2) features.push(content);
      if (field === 3) keys.push(text(content));
      if (field === 4) values.push(valueOf(content));
      if (field === 5) extent = content;
    }
    for (const feature of features) found.push(featureOf(feature, keys, values, extent));
  }
  return found;
}

function featureOf(bytes, keys, values, extent) {
  const feature = { properties: {}, kind: 0, lines: [] };
  for (const [number, content] of fields(bytes)) {
    if (number === 2) {
      const tags = packed(content);
      for (let at = 0; at + 1 < tags.length; at += 2) feature.properties[keys[tags[at]]] = values[tags[at + 1]];
    }
    if (number === 3) feature.kind = ["none", "point", "line", "area"][content];
    if (number === 4) feature.lines = lines(packed(content), extent);
  }
  return feature;
}

// Commands as lists of points, in shares of the tile.
function lines(commands, extent) {
  const found = [];
  let [x, y, at] = [0, 0, 0];
  const step = (value) => (value % 2 ? -(value + 1) / 2 : value / 2);
  while (at < commands.length) {
    const [id, count] = [commands[at] & 7, Math.floor(commands[at] / 8)];
    at += 1;
    if (id === 7) continue;
    for (let index = 0; index < count; index += 1) {
      x += step(commands[at]);
      y += step(commands[at + 1]);
      at += 2;
      if (id === 1) found.push([]);
      found.at(-1).push([x / extent, y / extent]);
    }
  }
  return found;
}
