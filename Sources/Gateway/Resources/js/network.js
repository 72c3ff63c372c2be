// The page of the network: a map of its hubs, and one question to each of them.

import { lay } from "./world.js";

const L = window.L;
const box = document.getElementById("cities");
const form = document.getElementById("ask");
const told = document.getElementById("asked");
const marks = new Map();
const hubs = [...document.querySelectorAll("#members tbody tr")].map((row) => ({
  row,
  name: row.dataset.name,
  place: [Number(row.dataset.north), Number(row.dataset.east)],
  isAsked: "asked" in row.dataset,
  isOwn: "own" in row.dataset,
}));

async function draw() {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const map = L.map(box, { zoomSnap: 0.25, maxZoom: 12, zoomAnimation: !calm, fadeAnimation: !calm, scrollWheelZoom: false });
  map.attributionControl.setPrefix(false);
  map.fitBounds(L.latLngBounds(hubs.map(({ place }) => place)).pad(0.15), { maxZoom: 8, animate: false });
  await lay(map, box);
  const own = hubs.find(({ isOwn }) => isOwn);
  for (const { place, isAsked } of hubs) {
    if (own && isAsked) L.polyline([own.place, place], { className: "link", interactive: false }).addTo(map);
  }
  for (const { name, place, isAsked, isOwn } of hubs) {
    const mark = L.circleMarker(place, { radius: isOwn ? 8 : 6, className: isOwn || isAsked ? "found" : "found stranger" });
    mark.bindTooltip(document.createTextNode(name)).addTo(map);
    marks.set(name, mark);
  }
  box.dataset.ready = "";
}

// Why a source gave nothing, as the hub that asked it says (NGSILD-Warning).
const reason = (response) => response.headers.get("NGSILD-Warning");

// What the hub of one city answers: the others are left out by the name of their registrations.
async function ask(hub, type, purpose, here) {
  const filter = hub.isOwn ? "local=true" : `csf=${encodeURIComponent(`registrationName=="${hub.name.replaceAll(/["\\]/g, "")}"`)}`;
  const headers = { Accept: "application/json", ...(purpose ? { "Data-Purpose": purpose } : {}) };
  const start = performance.now();
  const response = await fetch(`/ngsi-ld/v1/entities?type=${encodeURIComponent(type)}&limit=1000&format=simplified&${filter}`, { headers });
  const milliseconds = Math.round(performance.now() - start);
  if (!response.ok) return { problem: (await response.json()).detail ?? `${response.status}`, milliseconds };
  const entities = (await response.json()).filter(({ id }) => !here.has(id));
  return { entities, problem: reason(response), milliseconds };
}

// The first number that an entity says of something; null where it says none.
const value = (entity) => Object.values(entity).find((each) => typeof each === "number") ?? null;

function show(hub, { entities, problem, milliseconds }) {
  const cell = hub.row.querySelector(".answer");
  const count = entities?.length ?? 0;
  const values = (entities ?? []).map(value).filter((each) => each !== null).slice(0, 4).join(", ");
  const text = problem
    ? told.dataset.failed.replace("{reason}", problem)
    : count ? told.dataset.some.replace("{count}", count).replace("{values}", values) : told.dataset.none;
  cell.textContent = `${text} (${milliseconds} ms)`;
  cell.classList.toggle("worry", Boolean(problem));
  marks.get(hub.name)?.getElement()?.classList.toggle("stranger", !count);
}

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  const type = document.getElementById("ask-type").value.trim();
  const purpose = document.getElementById("ask-purpose").value.trim();
  told.textContent = "…";
  const start = performance.now();
  const own = hubs.find(({ isOwn }) => isOwn);
  const here = new Set();
  try {
    if (own) {
      const answer = await ask(own, type, purpose, here);
      show(own, answer);
      for (const { id } of answer.entities ?? []) here.add(id);
    }
    const asked = hubs.filter(({ isAsked }) => isAsked);
    await Promise.all(asked.map(async (hub) => show(hub, await ask(hub, type, purpose, here))));
    told.textContent = told.dataset.done.replace("{count}", asked.length).replace("{milliseconds}", Math.round(performance.now() - start));
  } catch (problem) {
    told.textContent = told.dataset.failed.replace("{reason}", problem.message);
  }
  button.disabled = false;
});

if (box && hubs.length) {
  if (L) draw().catch(() => box.remove());
  else box.remove();
}
