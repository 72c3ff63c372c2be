// The land of the world, for maps without tiles: coarse, from the hub itself.

const L = window.L;
let land = null;

// Rings of [north, east], of differences in hundredths of a degree.
async function rings() {
  const response = await fetch("/assets/map/world.json");
  if (!response.ok) throw new Error(`${response.status} for the map of the world`);
  const { land: all, name } = await response.json();
  return {
    name,
    rings: all.map((steps) => {
      let [east, north] = [0, 0];
      const ring = [];
      for (let at = 0; at < steps.length; at += 2) {
        east += steps[at];
        north += steps[at + 1];
        ring.push([north / 100, east / 100]);
      }
      return ring;
    }),
  };
}

// Draws the land under everything else of the map, in the pane of that name.
export async function ground(map, pane) {
  land ??= rings();
  const found = await land.catch(() => null);
  if (!found) return;
  L.polygon(found.rings.map((ring) => [ring]), {
    pane, interactive: false, className: "world", attribution: found.name, smoothFactor: 0.5,
  }).addTo(map);
}

// Lays the ground of a small map: the operator's tiles where the box names some, or else the land.
export async function lay(map, box) {
  if (!box.dataset.tiles) return ground(map, "tilePane");
  const text = document.createElement("span");
  text.textContent = box.dataset.attribution;
  L.tileLayer(box.dataset.tiles, { attribution: text.innerHTML }).addTo(map);
}
