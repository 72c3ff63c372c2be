// Find: what is loaded is found at once, the rest of the hub when the typing pauses.

import * as hub from "./hub.js";
import { isAhead, mainValue } from "./kinds.js";
import * as layers from "./layers.js";
import { locale, make, t } from "./words.js";

const shownLimit = 8;
const typingMilliseconds = 300;

const box = document.getElementById("find");
let typing = 0, pending = null;
let pick = () => {};

export function start(action) {
  pick = action;
  box?.addEventListener("input", find);
}

const haystack = (each) => `${each.name} ${each.id} ${layers.labelOf(each.type)}`.toLowerCase();

function find() {
  clearTimeout(typing);
  pending?.abort();
  const text = box.value.trim();
  if (!text) return document.getElementById("found").replaceChildren();
  const loaded = [...layers.all()].filter((each) => haystack(each).includes(text.toLowerCase()));
  list(loaded, text, t("mapSearching"));
  pending = new AbortController();
  const { signal } = pending;
  typing = setTimeout(() => ask(text, loaded, signal), typingMilliseconds);
}

async function ask(text, loaded, signal) {
  const types = layers.typesNamed(text.toLowerCase());
  const { entities, isCut, isPartial } = await hub.find(text, types, shownLimit, signal);
  if (signal.aborted) return;
  const all = [...new Map([...loaded, ...entities].map((each) => [each.id, each])).values()];
  const nothing = all.length ? "" : t("mapNothing");
  list(all, text, isPartial ? t("mapPartial") : nothing, isCut);
}

// A name that begins with the text comes before one that has it inside, and that before the others.
function rank({ name }, text) {
  const at = name.toLowerCase().indexOf(text.toLowerCase());
  return at < 0 ? 2 : Math.min(at, 1);
}

function list(entities, text, note, isCut = false) {
  const sorted = entities.toSorted((a, b) =>
    rank(a, text) - rank(b, text) || a.name.localeCompare(b.name, locale, { numeric: true }));
  const items = sorted.slice(0, shownLimit).map(item);
  const hasMore = isCut || sorted.length > shownLimit;
  const last = note || (hasMore ? t("mapMore") : "");
  if (last) items.push(make("li", { class: "small" }, last));
  const active = document.activeElement;
  document.getElementById("found").replaceChildren(...items);
  // Whoever stands on a result with the keyboard stays there.
  if (active.isConnected && active !== document.activeElement) active.focus();
}

// The item of an entity; the one that is there already, so that a keyboard can come back to it.
function item(entity) {
  const value = isAhead(entity) ? null : mainValue(entity);
  const note = value ? `${value.value} ${value.unit}` : layers.labelOf(entity.type);
  const old = [...document.getElementById("found").children].find((each) => each.dataset.id === entity.id);
  if (old?.textContent === entity.name + note) return old;
  const button = make("button", { type: "button" }, make("span", {}, entity.name), make("small", {}, note));
  button.addEventListener("click", () => pick(entity));
  return make("li", { "data-id": entity.id }, button);
}
