// The page of a type: a small map of what its table has.

import { lay } from "./world.js";

const L = window.L;
const box = document.getElementById("places");

async function show() {
  const response = await fetch(box.dataset.places, { headers: { Accept: "application/geo+json" } });
  if (!response.ok) throw new Error(`${response.status}`);
  const features = (await response.json()).features.filter(({ geometry }) => geometry);
  if (!features.length) return box.remove();
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const map = L.map(box, { zoomSnap: 0.25, maxZoom: 18, zoomAnimation: !calm, fadeAnimation: !calm, scrollWheelZoom: false });
  map.attributionControl.setPrefix(false);
  const layer = L.geoJSON({ type: "FeatureCollection", features }, {
    style: { className: "found" },
    pointToLayer: (_, place) => L.circleMarker(place, { radius: 5, className: "found" }),
    onEachFeature: ({ id, properties }, each) => {
      const name = [properties.name].flat()[0];
      each.bindTooltip(document.createTextNode(typeof name === "string" ? name : id));
      each.on("click", () => { location.href = `/#${encodeURIComponent(id)}`; });
    },
  }).addTo(map);
  map.fitBounds(layer.getBounds().pad(0.1), { maxZoom: 15, animate: false });
  await lay(map, box);
  box.dataset.ready = "";
}

if (box) {
  if (L) show().catch(() => box.remove());
  else box.remove();
}
