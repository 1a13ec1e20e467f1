// Runs once for each part that has to do with links. The browser keeps the links that it has made, with their secrets:
// {key: {secret, until, title}}. A part holds a link just made (data-link), the word that one was stopped (data-stopped),
// a link that is open (data-lent), or a template for the list.
const STORE = "emer-links";
const address = (key) => {
  const link = new URL(window.location.href);
  link.search = new URLSearchParams({ shared: key });
  link.hash = "";
  return link.href;
};
const links = () => {
  try {
    const all = Object.entries(JSON.parse(storage("localStorage")?.getItem(STORE) ?? "{}"));
    return Object.fromEntries(all.filter(([, { until }]) => new Date(until) > new Date()));
  } catch {
    return {};
  }
};
const keep = (change) => {
  const all = links();
  change(all);
  try {
    storage("localStorage")?.setItem(STORE, JSON.stringify(all));
  } catch {
    // full or blocked: `look` says that the link is not kept
  }
  document.dispatchEvent(new Event(STORE));
};

const tried = new Set(); // `keep` makes every part look again
const look = () => {
  const { link, secret, until, title } = element.querySelector("[data-link]")?.dataset ?? {};
  const field = element.querySelector("[data-address]");
  if (field) field.value = address(link);
  if (link && !(link in links()) && !tried.has(link)) {
    tried.add(link);
    keep((all) => { all[link] = { secret, until, title }; });
    element.querySelector("[data-kept]").hidden = !(link in links());
    element.querySelector("[data-unkept]").hidden = link in links();
  }
  const stopped = element.querySelector("[data-stopped]")?.dataset.stopped;
  if (stopped && stopped in links()) keep((all) => { delete all[stopped]; });
  const own = element.querySelector("[data-lent]");
  if (own) own.querySelector("[data-stop]").hidden = !(own.dataset.lent in links());
};

// The list: rows of a template, filled with text alone.
const list = () => {
  const rows = element.querySelector("ul[data-links]");
  if (!rows) return;
  const all = Object.entries(links());
  element.querySelector("section").hidden = !all.length;
  rows.replaceChildren(...all.map(([key, { until, title }]) => {
    const row = element.querySelector("template").content.cloneNode(true);
    row.querySelector("a").href = address(key);
    row.querySelector("a").textContent = title;
    row.querySelector("time").textContent = new Date(until).toLocaleString(document.documentElement.lang);
    row.querySelector("[data-stop]").dataset.stop = key;
    return row;
  }));
};

element.addEventListener("click", (event) => {
  const key = event.target.closest("[data-stop]")?.dataset.stop;
  const made = element.querySelector(`[data-link="${key}"]`)?.dataset.secret; // where nothing can be kept
  if (key) trigger("submit", { stop: key, secret: links()[key]?.secret ?? made ?? "" });
});
document.addEventListener(STORE, list);
document.addEventListener(STORE, look);
watch("value", () => { look(); list(); });
look();
list();
