// Data and Health: the server draws them; this fetches them again and helps to copy.

const main = document.querySelector("main");
const seconds = Number(main.dataset.refresh);

async function refresh() {
  if (document.hidden || getSelection()?.toString()) return;
  try {
    const response = await fetch(location.pathname + location.search, { headers: { Accept: "text/html" } });
    if (!response.ok) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    const part = fresh.getElementById("live");
    const old = document.getElementById("live");
    if (!part || old.contains(document.activeElement)) return;
    const opened = [...old.querySelectorAll("details")].map((each) => each.open);
    part.querySelectorAll("details").forEach((each, index) => { each.open = opened[index] ?? false; });
    old.replaceWith(document.adoptNode(part));
  } catch {
    // The hub is away for a moment: what is shown stays, the next round tries again.
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest(".copy");
  if (!button) return;
  const text = button.parentElement.querySelector("code").textContent;
  try {
    await navigator.clipboard.writeText(text);
    const copied = document.getElementById("copied");
    button.textContent = copied.textContent = copied.dataset.done;
  } catch {
    getSelection().selectAllChildren(button.parentElement.querySelector("code"));
  }
});

if (seconds) setInterval(refresh, seconds * 1000);
