// The page of the first run: sends a file to the hub, as the reader who is signed in.

const form = document.getElementById("upload");
const told = document.getElementById("uploaded");

// Whether a file named .json is GeoJSON, by its beginning.
async function isFeatures(file) {
  const start = await file.slice(0, 65536).text();
  return /^\uFEFF?\s*\{/.test(start) && /"type"\s*:\s*"FeatureCollection"/.test(start);
}

// The route for a file, by the end of its name; for .json by what is in it, too. Null for a table without a map.
async function route(file, type, map) {
  const name = file.name;
  const mapped = `definition=${encodeURIComponent(map)}`;
  const base = name.replace(/\.[^.]*$/, "").replace(/[^A-Za-z0-9_.-]/g, "-").replace(/^[^A-Za-z0-9]+/, "").slice(0, 60);
  if (/\.zip$/i.test(name)) return `gtfs?feed=${encodeURIComponent(base || "feed")}`;
  if (/\.xlsx$/i.test(name)) return map ? `xlsx?${mapped}` : null;
  if (/\.(csv|tsv|txt)$/i.test(name)) return map ? `csv?${mapped}` : null;
  if (/\.geojson(l|s)?$/i.test(name) || (/\.json$/i.test(name) && await isFeatures(file))) return map ? `geojson?${mapped}` : type ? `geojson?type=${encodeURIComponent(type)}` : "geojson";
  return "entities";
}

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const file = document.getElementById("upload-file").files[0];
  if (!file) return;
  const button = form.querySelector("button");
  button.disabled = true;
  told.textContent = "…";
  try {
    const value = (id) => document.getElementById(id).value.trim();
    const path = await route(file, value("upload-type"), value("upload-map"));
    if (!path) {
      told.textContent = told.dataset.unmapped;
      told.classList.add("ahead");
      button.disabled = false;
      return;
    }
    const response = await fetch(`/hub/imports/${path}`, {
      method: "POST", body: file, headers: { "Content-Type": "application/octet-stream" },
    });
    const answer = await response.json();
    const problems = (answer.problems ?? []).slice(0, 3).map((each) => `${each.line}: ${each.reason}`);
    const text = response.ok
      ? told.dataset.loaded.replace("{entities}", answer.entities).replace("{failures}", answer.failures)
      : `${told.dataset.failed} ${answer.detail ?? ""}`;
    told.textContent = [text, ...problems].join(" ");
    told.classList.toggle("ahead", !response.ok || answer.failures > 0);
  } catch {
    told.textContent = told.dataset.failed;
  }
  button.disabled = false;
});
