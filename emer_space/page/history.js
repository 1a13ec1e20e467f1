// Runs once for the list of earlier results. Those of this visit are known by their keys, for as long as the server
// keeps them; those to be remembered are in this browser's storage, which only this page reads. Nothing that is stored
// is trusted: texts are shown as texts, and results are read and rendered by the server.
const ON = "emer-remember", REMEMBERED = "emer-remembered", VISIT = "emer-visit";
const card = element.querySelector(".emer-earlier");
const part = (name) => card.querySelector(`[data-act="${name}"]`);
const list = card.querySelector("ul"), status = card.querySelector("[data-status]");
const most = Number(card.dataset.most), mostCharacters = Number(card.dataset.mostCharacters);
const visit = storage("sessionStorage"), local = storage("localStorage");
let chosen = [], wanted = [], asking = false;

const read = (store, name) => {
  try {
    const rows = JSON.parse(store.getItem(name));
    return Array.isArray(rows) ? rows.filter((row) => typeof row?.id === "string").slice(0, most) : [];
  } catch {
    return [];
  }
};
// Writes as many rows as fit, the newest first; returns whether the newest does.
const write = (store, name, rows) => {
  for (let count = Math.min(rows.length, most); count; count -= 1) {
    const text = JSON.stringify(rows.slice(0, count));
    try {
      if (text.length <= mostCharacters) {
        store.setItem(name, text);
        return true;
      }
    } catch {
      // the browser's storage is full: without the oldest, then
    }
  }
  store?.removeItem(name);
  return rows.length === 0;
};
const isOn = () => local?.getItem(ON) === "yes";

// An entry of this visit has a key, a remembered one an analysis, some have both; the latest come first.
const entries = () => {
  const found = new Map(read(visit, VISIT).map((row) => [row.id, row]));
  for (const row of read(local, REMEMBERED)) found.set(row.id, { ...row, ...found.get(row.id) });
  return [...found.values()];
};

const draw = () => {
  const rows = entries();
  chosen = chosen.filter((id) => rows.some((row) => row.id === id));
  list.replaceChildren(
    ...rows.map((row, number) => {
      const item = card.querySelector("template").content.cloneNode(true);
      const headline = item.querySelector("[data-headline]"), time = item.querySelector("time");
      headline.textContent = String(row.headline || row.id).slice(0, 300);
      headline.id = `emer-earlier-${number}`;
      const made = new Date(String(row.made));
      time.textContent = Number.isNaN(made.getTime()) ? "" : made.toLocaleString(document.documentElement.lang);
      item.querySelector("[data-remembered]").hidden = !row.analysis;
      for (const control of item.querySelectorAll("[data-act]")) {
        control.setAttribute("aria-describedby", headline.id);
        control.dataset.id = row.id;
      }
      item.querySelector('[data-act="choose"]').checked = chosen.includes(row.id);
      return item;
    }),
  );
  part("compare").disabled = chosen.length !== 2;
  part("compare").parentElement.hidden = rows.length === 0;
  card.querySelector("[data-none]").hidden = rows.length > 0;
  part("remember").checked = isOn();
  part("remember").disabled = !local;
  if (!local) status.textContent = status.dataset.blocked;
  card.hidden = rows.length === 0 && !isOn();
};

// The server gives one result after the other.
const ask = () => {
  if (asking || !wanted.length) return;
  asking = true;
  trigger("input", { key: wanted.shift() });
};
const remember = (rows) => {
  if (!isOn()) return;
  const known = new Set(read(local, REMEMBERED).map((row) => row.id));
  wanted.push(...rows.filter((row) => !known.has(row.id)).map((row) => row.key));
  ask();
};
document.addEventListener("emer-told", ({ detail }) => {
  if (!element.isConnected) return;
  asking = false;
  if (detail && isOn()) {
    const analysis = JSON.parse(detail);
    const { id, created: made } = analysis;
    const seen = entries().find((row) => row.id === id);
    const row = { id, made, headline: seen?.headline || analysis.explanation.headline, analysis };
    const fits = write(local, REMEMBERED, [row, ...read(local, REMEMBERED).filter((other) => other.id !== id)]);
    status.textContent = fits ? "" : status.dataset.status;
  }
  ask();
  draw();
});
document.addEventListener("emer-result", ({ detail }) => {
  if (!element.isConnected) return;
  const row = { key: detail.key, id: detail.id, made: detail.made, headline: detail.headline };
  const others = read(visit, VISIT).filter((other) => other.key !== row.key && other.id !== row.id);
  write(visit, VISIT, [row, ...others]);
  remember([row]);
  draw();
});
window.addEventListener("storage", () => element.isConnected && draw()); // another tab has changed it

const forget = (gone) => {
  for (const [store, name] of [[visit, VISIT], [local, REMEMBERED]]) {
    write(store, name, read(store, name).filter((row) => !gone(row)));
  }
};
const sent = (id) => {
  const row = entries().find((each) => each.id === id);
  return { key: row?.key, analysis: row?.analysis };
};
const acts = {
  open: (id) => trigger("submit", { entry: sent(id) }),
  compare: () => trigger("select", { entries: chosen.map(sent) }),
  delete: (id) => forget((row) => row.id === id),
  clear: () => forget(() => true),
  choose: (id, control) => {
    chosen = [...chosen.filter((other) => other !== id), ...(control.checked ? [id] : [])].slice(-2);
  },
  remember: (_, control) => {
    if (control.checked) {
      local.setItem(ON, "yes");
      remember(read(visit, VISIT));
    } else {
      for (const name of [ON, REMEMBERED]) local.removeItem(name);
      wanted = [];
    }
  },
};
card.addEventListener("click", ({ target }) => {
  const control = target.closest("[data-act]");
  if (!control) return;
  const { act, id } = control.dataset;
  acts[act](id, control);
  if (act === "open" || act === "compare") return;
  draw();
  const again = [...card.querySelectorAll(`[data-act="${act}"]`)];
  (again.find((other) => other.dataset.id === id) ?? again[0] ?? part("remember")).focus();
});
draw();
