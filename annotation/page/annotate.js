// Runs once for the tab "Annotate": holds what is open and calls the API's endpoints. Texts of people go into the page as
// texts alone. What an annotator has said is in this browser's storage until the server has kept it, so that a page that
// closes loses nothing; keys are there too, and go with each call in its values, never in an address. Where the browser
// stores nothing, this page holds both, says so, and asks before it closes.
const KEYS = "emer-annotate-keys", UNSENT = "emer-annotate:";
const AFTER_MS = 2000, POLL_MS = 3000, RETRY_MS = 10_000, RARELY_MS = 120_000, MOST_KEPT_ALIVE = 60_000, STEP_S = 0.5, NEW_S = 1, MOST_ROWS = 50, ROUNDS = [1, 2], MODALITIES = ["visual", "acoustic", "textual"];
const local = storage("localStorage"), memory = new Map();
const WINDOW = [...crypto.getRandomValues(new Uint32Array(2))].map((part) => part.toString(16)).join("");
let root, words, who, project, work, listing = { page: 1, pages: 1 };

// Texts and parts

const say = (name, values = {}) => (words[name] ?? name).replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
const part = (name, inside = root) => inside.querySelector(`[data-part="${name}"]`);
const view = (name) => root.querySelector(`[data-view="${name}"]`);
const form = (name) => root.querySelector(`[data-form="${name}"]`);
const write = (inside, values) => {
  for (const [name, text] of Object.entries(values)) {
    const place = inside.querySelector(`[data-text="${name}"]`);
    if (place) place.textContent = text;
  }
  return inside;
};
const made = (name, values = {}) => {
  const copy = root.querySelector(`template[data-of="${name}"]`).content.cloneNode(true).firstElementChild;
  return write(copy, values);
};
const tell = (text, kind = "told") => {
  for (const name of ["told", "error"]) {
    part(name).hidden = name !== kind || !text;
    write(part(name), { [name]: name === kind ? text : "" });
  }
  if (text) part(kind).scrollIntoView({ block: "nearest" });
};
const failed = (problem) => tell(problem.message, "error");
const show = (name) => {
  for (const section of root.querySelectorAll("[data-view]")) section.hidden = section.dataset.view !== name;
  tell("");
};
// Put new children in a place; the focus stays with what has the same key, or stands where it stood.
const refill = (place, children) => {
  const keyed = () => [...place.querySelectorAll("[data-key]")], before = keyed(), at = before.indexOf(document.activeElement);
  place.replaceChildren(...children);
  if (at < 0) return;
  const after = keyed(), { key } = before[at].dataset;
  (after.find((one) => one.dataset.key === key) ?? after[Math.min(at, after.length - 1)])?.focus({ preventScroll: true });
};
const clock = (seconds) => seconds.toFixed(1);
const round2 = (value) => Math.round(value * 100) / 100;

// Calls and storage

const call = async (name, values, options = {}) => {
  let answer;
  try {
    const headers = { "Content-Type": "application/json" }, body = JSON.stringify({ data: values });
    const keepalive = Boolean(options.keepalive) && new Blob([body]).size < MOST_KEPT_ALIVE; // browsers refuse more
    answer = await fetch(`gradio_api/run/${name}`, { method: "POST", headers, body, keepalive });
  } catch {
    throw Object.assign(new Error(say(unkept() ? "unreachable_open" : "unreachable")), { away: true });
  }
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok || !told.data) throw new Error(told.error || told.detail || say("unreachable"));
  return told.data[0];
};
const textOf = (name) => (memory.has(name) ? memory.get(name) : (local?.getItem(name) ?? null));
const stored = (name, otherwise) => {
  try {
    return JSON.parse(textOf(name)) ?? otherwise;
  } catch {
    return otherwise;
  }
};
// Whether the browser has it; else this page has.
const store = (name, text) => {
  memory.delete(name);
  try {
    if (text === null) local?.removeItem(name);
    else local.setItem(name, text);
    return true;
  } catch { // full or blocked
    memory.set(name, text);
    return false;
  }
};
const storeKeys = (keys) => store(KEYS, JSON.stringify(keys));
// Only what was sent goes: another window, or a later change, may have put something else there.
const drop = (name, text) => { if (textOf(name) === text) store(name, null); };
const unkept = () => [...memory].some(([name, text]) => name.startsWith(UNSENT) && text !== null);
const keyOf = (name) => stored(KEYS, {})[name] ?? "";
// Tells people apart without holding their keys: 64 bits of a long random key say nothing about the rest of it.
const digest = (text) => [0x811c9dc5, 0x2545f491].map((seed) => {
  let sum = seed;
  for (const letter of text) sum = Math.imul(sum ^ letter.codePointAt(0), 0x01000193);
  return (sum >>> 0).toString(16).padStart(8, "0");
}).join("");
const personOf = (key) => (key ? digest(key) : who);
// What was not sent yet by people whose key, or account, is here; each goes with the key under which it was said.
const unsent = () => {
  const keys = new Map([...Object.values(stored(KEYS, {})), ""].map((key) => [personOf(key), key]));
  const names = new Set([...Object.keys(local ?? {}), ...memory.keys()]);
  const found = [...names].filter((name) => name.startsWith(UNSENT)).map((name) => ({ ...stored(name, {}), name, text: textOf(name) }));
  return found.filter((one) => one.answer && keys.has(one.who)).map((one) => ({ ...one, key: keys.get(one.who) }));
};
const isOf = (one, { who: person, project: name, round, clip }) =>
  one.who === person && one.project === name && one.round === round && one.clip === (clip.name ?? clip);

// Projects

// The latest thing that was asked for is shown, however late another is answered.
const line = (turns = 0) => () => {
  const own = ++turns;
  return () => own === turns;
};
const turned = line(), finding = line(), reckoning = line();
const home = async () => {
  const latest = turned();
  await settled();
  const found = new Map(), gone = [];
  let problem = null;
  for (const key of ["", ...new Set(Object.values(stored(KEYS, {})))]) {
    try {
      const own = await call("projects", [key]);
      for (const one of own) found.set(one.project, one);
      if (key) gone.push(...Object.entries(stored(KEYS, {})).filter(([name, held]) => held === key && !own.some((one) => one.project === name)));
    } catch (error) {
      problem = error;
    }
  }
  const dropped = ([name, key]) => gone.some((one) => one[0] === name && one[1] === key);
  if (gone.length) storeKeys(Object.fromEntries(Object.entries(stored(KEYS, {})).filter((one) => !dropped(one))));
  if (!latest()) return;
  leave();
  project = null;
  show("home");
  part("projects").replaceChildren(...[...found.values()].map((one) => {
    const row = made("project", { title: one.title, facts: factsOf(one) });
    row.querySelector("button").onclick = () => open(one.project);
    return row;
  }));
  part("none").hidden = found.size > 0;
  if (problem) failed(problem);
  else if (gone.length) tell(say("key_gone", { projects: gone.map(([name]) => name).join(", ") }), "error");
};
const factsOf = (one) => {
  const parts = [say("clips", { clips: one.clips })];
  for (const round of one.rounds) parts.push(say(`own_${round}`, { left: one.left[round] }));
  return parts.join(" · ");
};
const open = async (name) => {
  const latest = turned();
  try {
    await settled();
    const found = await call("project", [name, keyOf(name)]);
    if (!latest()) return;
    leave();
    project = found;
  } catch (problem) {
    if (latest()) failed(problem);
    return;
  }
  show("project");
  draw();
  view("project").querySelector("h3").focus({ preventScroll: true });
  for (const section of view("project").querySelectorAll("details[open]")) section.open = false;
  if (project.organiser) settle(form("settings"), project);
  await find(1);
  poll();
};
const draw = () => {
  const one = project;
  write(view("project"), { title: one.title, guide: one.guide });
  const rounds = one.rounds.map((round) => {
    const row = made("round", { round: say(`own_${round}`, { left: one.left[round] }) });
    const button = row.querySelector("button");
    button.disabled = !one.left[round];
    button.dataset.key = round;
    button.setAttribute("aria-label", `${button.textContent}: ${say(`round_${round}`)}`);
    button.onclick = () => begin(round);
    return row;
  });
  refill(part("rounds"), rounds);
  part("rounds").hidden = !rounds.length;
  for (const section of root.querySelectorAll("[data-organiser]")) section.hidden = !one.organiser;
  view("project").querySelector('[data-act="forget"]').hidden = !one.by_key;
  if (!one.organiser) return;
  const bars = [["drafts", one.drafts.drafted, one.clips], ["round_1", one.done[0], one.clips], ["round_2", one.done[1], one.clips]];
  part("progress").replaceChildren(...bars.map(([name, done, of]) => {
    const failures = name === "drafts" && one.drafts.failed ? say("failed", one.drafts) : "";
    const bar = made("bar", { name: say(name), count: `${done} / ${of} ${failures}` });
    Object.assign(bar.querySelector("progress"), { max: of || 1, value: done });
    return bar;
  }));
  write(view("project"), { trouble: one.drafts.trouble });
  const aside = Object.entries(one.aside);
  part("aside").hidden = !aside.length;
  write(part("aside"), { aside: say("aside", { count: aside.length }) });
  part("aside-list").replaceChildren(...aside.map(([name, why]) => texted("li", `${name}: ${why}`)));
  refill(part("people-list"), one.people.map((person) => {
    const inside = person.rounds.length > 0;
    const rounds = inside ? person.rounds.map((round) => say(`round_${round}`)).join(", ") : say("out");
    const row = made("person", { name: person.name, rounds: `${rounds} · ${say("answers", { first: person.done[0], second: person.done[1] })}` });
    const button = row.querySelector("button");
    button.hidden = !inside;
    button.dataset.key = person.id;
    button.setAttribute("aria-label", `${button.textContent}: ${person.name}`);
    button.onclick = () => asked(call("invite", [project.project, person.id, "", []]).then(() => open(one.project)));
    return row;
  }));
  write(view("project"), { release: `python -m leaderboard release ${one.project} --out ${one.project}-release` });
};
const asked = (promise) => promise.catch(failed);
const texted = (tag, text) => Object.assign(document.createElement(tag), { textContent: text });
// Only drafts and the work of others change by themselves.
const poll = () => {
  clearTimeout(poll.timer);
  poll.timer = setTimeout(async () => {
    if (!root.isConnected || !project?.organiser || view("project").hidden) return;
    if (root.checkVisibility() && !document.hidden) {
      try {
        const { project: name } = project;
        const now = await call("project", [name, keyOf(name)]);
        if (project?.project !== name) return;
        const moved = now.drafts.drafted !== project.drafts.drafted || now.clips !== project.clips;
        const other = !same(now, project);
        project = now;
        if (other) draw();
        if (moved) await find(listing.page);
      } catch {
        // the next one may be answered
      }
    }
    poll();
  }, POLL_MS);
};
const find = async (page) => {
  const { search, state } = form("search").elements, { project: name } = project, latest = finding();
  const shown = () => latest() && project?.project === name;
  try {
    const found = await call("clips", [name, search.value.trim(), state.value, page, keyOf(name)]);
    if (!shown()) return;
    listing = found;
  } catch (problem) {
    if (shown()) failed(problem);
    return;
  }
  write(view("project"), { found: say("found", listing) });
  for (const [act, end] of [["before", 1], ["after", listing.pages]]) root.querySelector(`[data-act="${act}"]`).disabled = listing.page === end;
  part("clips").replaceChildren(...listing.rows.map((row) => {
    const line = made("clip", { name: row.clip, subtitle: row.subtitle, length: `${clock(row.duration_s)} s`, state: stateOf(row) });
    for (const round of ROUNDS) {
      const button = line.querySelector(`[data-round="${round}"]`);
      button.hidden = !project.rounds.includes(round) || ["closed", "waiting", "failed"].includes(row.state);
      button.setAttribute("aria-label", `${button.textContent}: ${row.clip}`);
      button.onclick = () => begin(round, row.clip);
    }
    return line;
  }));
};
const stateOf = (row) => {
  const told = [say(`state_${row.state}`)];
  if (row.done) told.push(say("answers", { first: row.done[0], second: row.done[1] }));
  if (row.problem) told.push(row.problem);
  return told.join(" · ");
};
const settle = (fields, settings) => {
  const { elements } = fields;
  for (const name of ["title", "language", "order", "guide", "licence", "consent"]) elements[name].value = settings[name];
  [elements.first.value, elements.second.value] = settings.annotators;
  [elements.agreed_first.value, elements.agreed_second.value] = settings.agreed;
};
const settingsOf = ({ elements }) => ({
  ...Object.fromEntries(["title", "language", "order", "guide", "licence", "consent"].map((name) => [name, elements[name].value.trim()])),
  annotators: [Number(elements.first.value), Number(elements.second.value)],
  agreed: [Number(elements.agreed_first.value), Number(elements.agreed_second.value)],
});

const submits = {
  key: async ({ elements }) => {
    const key = elements.key.value.trim();
    const found = await call("projects", [key]);
    const keys = stored(KEYS, {});
    for (const one of found) keys[one.project] = key;
    storeKeys(keys);
    elements.key.value = "";
    if (!found.length) throw new Error(say("unknown_key"));
    await home();
    sendRest();
  },
  new: async (fields) => open((await call("new_project", [fields.elements.namedItem("name").value.trim(), settingsOf(fields)])).project),
  settings: async (fields) => {
    await call("change_project", [project.project, settingsOf(fields)]);
    await open(project.project);
    tell(say("changed"));
  },
  add: async (fields) => {
    const { files, folder, hub } = fields.elements;
    if (!files.files.length && !folder?.value.trim() && !hub.value.trim()) throw new Error(say("nothing_to_add"));
    const sent = [];
    for (const [number, file] of [...files.files].entries()) {
      tell(say("uploading", { number: number + 1, count: files.files.length }));
      const body = new FormData();
      body.append("files", file);
      const answer = await fetch("gradio_api/upload", { method: "POST", body });
      if (!answer.ok) throw new Error(say("not_uploaded", { name: file.name }));
      const [path] = await answer.json();
      sent.push({ path, orig_name: file.name, meta: { _type: "gradio.FileData" } });
    }
    tell(say("adding"));
    const added = await call("add_clips", [project.project, sent, folder?.value.trim() ?? "", hub.value.trim()]);
    fields.reset();
    await open(project.project);
    tell(say("added", { added: added.added.length, aside: Object.keys(added.aside).length }));
  },
  invite: async (fields) => {
    const rounds = [...fields.querySelectorAll("[name=round]:checked")].map((box) => Number(box.value));
    const { account, display } = fields.elements;
    const { key } = await call("invite", [project.project, account.value.trim(), display.value.trim(), rounds]);
    const link = new URL(window.location.href);
    link.search = "?annotate=1";
    link.hash = "";
    write(part("new-key"), { key, link: link.href });  // first, for it is told this once
    part("new-key").hidden = !key;
    fields.reset();
    project = await call("project", [project.project, ""]);
    draw();
    tell(say("invited"));
  },
  search: () => find(1),
  withdraw: async (fields) => {
    const { clip, reason } = fields.elements;
    const { told } = await call("withdraw_clip", [project.project, clip.value.trim(), reason.value.trim()]);
    fields.reset();
    await open(project.project);
    tell(told);
  },
  delete: async ({ elements }) => {
    const { told } = await call("delete_project", [project.project, elements.typed.value.trim()]);
    elements.typed.value = "";
    await home();
    tell(told);
  },
  label: async (fields) => {
    const { label } = fields.elements;
    const word = label.value.trim().replace(/\s+/g, " ");
    label.value = "";
    if (word) addLabel(word); // the next one may be typed while the place of this one is looked up
  },
};

// Agreement

const agreement = async () => {
  const shown = part("agreement-shown"), { project: name } = project, latest = reckoning();
  shown.replaceChildren(texted("p", say("reckoning")));
  try {
    const tables = tablesOf(await call("agreement", [name]));
    if (!latest() || project?.project !== name) return;
    shown.replaceChildren(...(tables.length ? tables : [texted("p", say("no_answers"))]));
  } catch (problem) {
    if (!latest() || project?.project !== name) return;
    shown.replaceChildren();
    failed(problem);
  }
};
const figure = (value, digits = 2) => (typeof value === "number" ? value.toFixed(digits) : "–");
const percent = (share) => (typeof share === "number" ? `${Math.round(100 * share)} %` : "–");
const interval = ({ low, high }) => (typeof low === "number" ? `${figure(low)} … ${figure(high)}` : "–");
const tabled = (title, columns, rows, help = "") => {
  const table = made("table", { title, help });
  table.querySelector("tr").replaceChildren(...columns.map((name) => Object.assign(texted("th", say(`column_${name}`)), { scope: "col" })));
  table.querySelector("tbody").replaceChildren(...rows.map((row) => {
    const line = document.createElement("tr");
    line.replaceChildren(...row.map((value, at) => (at ? texted("td", value) : Object.assign(texted("th", value), { scope: "row" }))));
    for (const [at, name] of columns.entries()) line.children[at].classList.toggle("emer-wordy", WORDY.includes(name));
    return line;
  }));
  return table;
};
const reason = ({ reason: name, ...numbers }) => say(`drift_${name}`, Object.fromEntries(Object.entries(numbers).map(([key, value]) => [
  key, ["share", "usual"].includes(key) ? percent(value) : figure(value),
])));
const WORDY = ["labels", "why"], CLUES = ["clues_kept", "clues_f1", "start_s", "end_s"];
const ofClues = (row) => [percent(row.share_kept), figure(row.f1), figure(row.start_s), figure(row.end_s)];
const tablesOf = (found) => found.rounds.flatMap((one) => {
  const head = (name) => say("table_title", { round: say(`round_${one.round}`), table: say(`table_${name}`) });
  const alphas = [["words", one.labels.words], ["groups", one.labels.groups], ["valence", one.valence], ["arousal", one.arousal]];
  const { clues } = one;
  const tables = [
    tabled(head("alpha"), ["about", "alpha", "interval"], alphas.map(([name, value]) => [say(`of_${name}`), figure(value.alpha), interval(value)]), say("help_alpha", one)),
    tabled(head("clues"), ["shown", "kept", "edited", "removed", "added", ...CLUES], [[
      clues.shown, clues.kept, clues.edited, clues.removed, clues.added, ...ofClues(clues),
    ]], say("help_clues")),
    tabled(head("by_clip"), ["clip", "split", "people", "labels", ...CLUES], one.by_clip.slice(0, MOST_ROWS).map((row) => [
      row.clip, figure(row.split), row.annotators, row.labels.map(([label, votes]) => `${label} ${votes}`).join(", "), ...ofClues(row),
    ]), say("help_by_clip")),
    tabled(head("annotators"), ["person", "clips", "seconds", "closeness", "alpha_without", "changed", ...CLUES], one.annotators.map((row) => [
      row.name, row.clips, figure(row.seconds, 0), figure(row.closeness), figure(row.alpha_without), percent(row.changed), ...ofClues(row),
    ]), say("help_annotators")),
    tabled(head("by_label"), ["label", "votes", "clips", "shared", "alpha"], one.by_label.slice(0, MOST_ROWS).map((row) => [
      row.label, row.votes, row.clips, percent(row.shared), figure(row.alpha),
    ]), say("help_by_label")),
  ];
  if (one.drifting.length) tables.splice(2, 0, tabled(head("drifting"), ["person", "clips", "why"], one.drifting.map((row) => [
    row.name, row.clips, row.reasons.map(reason).join("\n"),
  ]), say("help_drifting")));
  return tables;
});

// A clip

// The clip before stays open until the next one is here.
const begin = async (round, clip = "") => {
  const latest = turned(), { project: name } = project, key = keyOf(name);
  let task;
  try {
    await settled();
    await sendRest.running; // so that its saves are known to the task
    task = await call("task", [name, round, clip, key]);
  } catch (problem) {
    if (latest()) failed(problem);
    return;
  }
  if (!latest()) return;
  if (!task) {
    await open(name);
    tell(say("all_done"));
    return;
  }
  leave();
  work = opened(name, key, task);
  const left = unsent().filter((one) => isOf(one, work)), kept = left.find((one) => one.name === work.store) ?? left[0];
  let wanted = false;
  if (kept) {
    const { own } = task, known = kept.base === work.base || (own && own.base === kept.base && same(own.answer, kept.sending));
    wanted = kept.done;
    Object.assign(work, { parts: kept.parts, changes: 1, seconds: Math.max(work.seconds, kept.seconds) });
    if (!known) work.base = kept.base; // another window saved meanwhile: both are kept
  }
  show("work");
  present(task);
  if (!kept) return;
  changed(wanted);
  if (kept.name !== work.store) drop(kept.name, kept.text); // it is this window's now
};
const same = (one, other) => JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
const sorted = (value) => {
  if (Array.isArray(value)) return value.map(sorted);
  if (!value || typeof value !== "object") return value ?? null;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
};
const opened = (name, key, task) => ({
  store: `${UNSENT}${WINDOW}:${personOf(key)}:${name}:${task.round}:${task.clip.name}`,
  who: personOf(key),
  key,
  project: name,
  clip: task.clip,
  round: task.round,
  task,
  parts: partsOf(task, task.own?.answer, task.own?.done ?? false),
  base: task.own?.id ?? "",
  over: [],
  done: task.own?.done ?? false,
  wanted: false, // to be done with the clip
  seconds: task.own?.seconds ?? 0,
  since: performance.now(),
  changes: 0,
  sent: 0,
  tries: 0,
  problem: "",
  selected: "",
  editing: "",
  chain: Promise.resolve(),
});
// What an annotator has before them: the draft's or the merged clues and labels, each open, kept or removed, and their own.
const partsOf = (task, own, done) => {
  const given = task.merged ? task.merged.clues : task.before.clues.map((clue) => ({ clue, votes: 0, of: 0, sources: [clue.source] }));
  const mine = new Map((own?.clues ?? []).map((clue) => [clue.id, clue]));
  const left = done ? "removed" : "open";
  const items = given.map(({ clue, votes, of, sources }) => {
    const state = mine.has(clue.id) ? "kept" : left;
    return { clue: { ...(mine.get(clue.id) ?? clue) }, before: clue, state, votes, of, sources };
  });
  const known = new Set(given.map(({ clue }) => clue.id));
  for (const clue of mine.values()) if (!known.has(clue.id)) items.push({ clue: { ...clue }, before: null, state: "kept", votes: 0, of: 0, sources: [] });
  items.sort((one, other) => one.clue.start - other.clue.start || one.clue.end - other.clue.end);
  const labels = (task.merged ? task.merged.labels : task.before.labels.map((label) => ({ label, votes: 0, of: 0 })))
    .map(({ label, votes, of }) => ({ word: label, votes, of, given: true, kept: own?.labels.includes(label) ?? false }));
  for (const word of own?.labels ?? []) if (!labels.some((one) => one.word === word)) labels.push({ word, votes: 0, of: 0, given: false, kept: true });
  const explanation = own?.explanation ?? (task.merged ? task.merged.explanations[0]?.[0] : task.before.explanation) ?? {};
  return { items, labels, explanation: { ...explanation }, valence: own?.valence ?? null, arousal: own?.arousal ?? null };
};
const language = () => work.task.language;
const answerOf = ({ items, labels, explanation, valence, arousal }) => ({
  labels: labels.filter((label) => label.kept).map((label) => label.word),
  clues: items.filter((item) => item.state === "kept" && item.clue.statement.trim()).map(({ clue, before }) => ({
    ...clue,
    statement: clue.statement.trim(),
    was: before && before.statement !== clue.statement.trim() ? before.statement : (clue.was ?? ""),
  })),
  explanation: Object.fromEntries(Object.entries(explanation).map(([name, text]) => [name, text.trim()]).filter(([, text]) => text)),
  valence,
  arousal,
});
const player = () => part("player").firstElementChild;
const present = (task) => {
  const media = document.createElement(task.clip.has_video ? "video" : "audio");
  Object.assign(media, { controls: true, preload: "metadata", src: task.media ? `gradio_api/file=${encodeURI(task.media)}` : "" });
  media.setAttribute("playsinline", "");
  media.setAttribute("aria-label", task.clip.name);
  for (const name of ["timeupdate", "seeked"]) media.addEventListener(name, follow);
  part("player").replaceChildren(media);
  write(view("work"), {
    clip: say(`working_${task.round}`, { clip: task.clip.name }),
    help: say(`work_help_${task.round}`),
    left: say("left", { left: task.left }),
    subtitle: task.subtitle ? `“${task.subtitle}”` : "",
    "labels-help": say(`labels_help_${task.round}`),
    problem: task.problem,
    saved: task.own ? say(task.own.done ? "was_done" : "was_saved", { time: moment(task.own.made) }) : "",
  });
  axis(task.clip.duration_s);
  fields();
  const texts = task.merged?.explanations ?? [];
  part("others").replaceChildren(...texts.map(([text, votes]) => {
    const row = made("other", { text: text[language()] ?? Object.values(text).join(" "), votes: say("chosen_by", { votes }) });
    row.querySelector("button").onclick = () => {
      work.parts.explanation = { ...text };
      fields();
      changed();
    };
    return row;
  }));
  drawConflict(task);
  drawItems();
  drawLabels();
  const first = work.parts.items.find((item) => item.state === "open") ?? work.parts.items[0];
  if (task.conflict.length > 1) part("conflict").scrollIntoView({ block: "nearest" });
  else if (first) select(first.clue.id, false);
  else view("work").querySelector("h3").focus({ preventScroll: true });
};
const drawConflict = (task) => {
  part("conflict").hidden = task.conflict.length < 2;
  refill(part("versions"), task.conflict.map((save) => version(save, task)));
};
const fields = () => {
  for (const field of view("work").querySelectorAll("[data-field]")) {
    const { parts } = work;
    field.value = field.dataset.field === "explanation" ? (parts.explanation[language()] ?? "") : (parts[field.dataset.field] ?? "");
    if (field.dataset.field === "explanation") field.lang = language();
  }
};
const moment = (made) => new Date(made).toLocaleString(document.documentElement.lang);
const version = (save, task) => {
  const { answer } = save;
  const card = made("version", {
    made: say(save.done ? "was_done" : "was_saved", { time: moment(save.made) }),
    labels: `${say("labels")}: ${answer.labels.join(", ") || "–"}`,
    explanation: answer.explanation[language()] ?? "",
  });
  part("clues", card).replaceChildren(...answer.clues.map((clue) => texted("li", `${clock(clue.start)}–${clock(clue.end)} ${clue.statement}`)));
  card.querySelector("button").dataset.key = save.id;
  card.querySelector("button").onclick = () => {
    const others = task.conflict.filter((other) => other.id !== save.id).map((other) => other.id);
    Object.assign(work, { parts: partsOf(task, answer, save.done), base: save.id, over: others, done: save.done });
    part("conflict").hidden = true;
    fields();
    drawItems();
    drawLabels();
    changed();
    keep(work);
  };
  return card;
};

// The timeline

const axis = (duration) => {
  const step = [0.5, 1, 2, 5, 10, 15, 30, 60, 120].find((size) => duration / size <= 6) ?? 300;
  const marks = [];
  for (let at = 0; at <= duration * 0.97; at += step) {
    const mark = texted("span", at ? String(at) : "0 s");
    mark.style.left = `${(100 * at) / duration}%`;
    marks.push(mark);
  }
  part("axis").replaceChildren(...marks);
};
const follow = ({ target }) => part("lanes").style.setProperty("--now", Math.min(target.currentTime / (work?.clip.duration_s || 1), 1));
const drawBars = () => {
  const { duration_s: whole } = work.clip;
  for (const modality of MODALITIES) {
    const rows = [], ends = [];
    for (const [number, { clue, state }] of work.parts.items.entries()) {
      if (clue.modality !== modality || state === "removed") continue;
      const bar = Object.assign(texted("button", ""), { type: "button", className: "emer-bar", title: clue.statement });
      bar.append(texted("span", String(number + 1)));
      bar.setAttribute("aria-label", `${number + 1}: ${clue.statement}`);
      const left = (100 * clue.start) / whole, width = Math.max((100 * (clue.end - clue.start)) / whole, 4);
      Object.assign(bar.style, { left: `${Math.min(left, 96)}%`, width: `${Math.min(width, 100 - Math.min(left, 96))}%` });
      bar.classList.toggle("emer-open-bar", state === "open");
      bar.classList.toggle("emer-on", clue.id === work.selected);
      bar.onclick = () => select(clue.id);
      const row = ends.findIndex((end) => end <= left);
      const at = row < 0 ? rows.push(Object.assign(document.createElement("div"), { className: "emer-row" })) - 1 : row;
      rows[at].append(bar);
      ends[at] = left + width + 0.5;
    }
    root.querySelector(`[data-lane="${modality}"]`).replaceChildren(...(rows.length ? rows : [Object.assign(texted("p", say("no_lane")), { className: "emer-quiet" })]));
  }
};

// Clues

const itemOf = (id) => work.parts.items.find((item) => item.clue.id === id);
const placeOf = (id) => part("items").querySelector(`[data-id="${CSS.escape(id)}"]`);
const drawItems = () => {
  const { items } = work.parts;
  part("items").replaceChildren(...items.map((item, number) => {
    const { clue, before, state } = item;
    const edited = before && (before.statement !== clue.statement || before.start !== clue.start || before.end !== clue.end || before.modality !== clue.modality);
    const about = [`${say(`modality_${clue.modality}`)} · ${clock(clue.start)}–${clock(clue.end)} s`];
    if (item.of) about.push(say("votes", item));
    about.push(...[...new Set(item.sources)].map((source) => say(`source_${source}`)));
    const row = made("item", {
      number: number + 1,
      about: about.join(" · "),
      state: say(edited && state === "kept" ? "item_edited" : before || state !== "kept" ? `item_${state}` : "item_added"),
      statement: clue.statement,
      was: edited && before.statement !== clue.statement ? say("was", { was: before.statement }) : "",
    });
    const group = row.firstElementChild;
    row.className = `emer-item emer-${clue.modality} emer-item-${state}`;
    group.dataset.id = clue.id;
    group.setAttribute("aria-label", `${number + 1}, ${say(`modality_${clue.modality}`)}, ${say(`item_${state}`)}: ${clue.statement}`);
    row.classList.toggle("emer-selected", clue.id === work.selected);
    group.onfocus = () => work.selected !== clue.id && select(clue.id, true, false);
    row.querySelector('[data-act="keep"]').onclick = () => decide(clue.id, "kept");
    row.querySelector('[data-act="remove"]').onclick = () => decide(clue.id, state === "removed" ? "open" : "removed");
    row.querySelector('[data-act="edit"]').onclick = () => edit(clue.id);
    row.querySelector('[data-act="keep"]').disabled = state === "kept";
    if (state === "removed") row.querySelector('[data-act="remove"]').textContent = say("restore");
    if (clue.id === work.editing) row.append(editor(item));
    return row;
  }));
  part("no-items").hidden = items.length > 0;
  count();
  drawBars();
};
const count = () => write(view("work"), { "open-clues": say("open_clues", { open: work.parts.items.filter((item) => item.state === "open").length }) });
const editor = ({ clue }) => {
  const made_ = made("editor");
  const field = (name) => made_.querySelector(`[name="${name}"]`);
  for (const name of ["modality", "start", "end", "statement"]) {
    field(name).value = typeof clue[name] === "number" ? round2(clue[name]) : clue[name];
    field(name).oninput = () => {
      const value = field(name).value;
      clue[name] = name === "start" || name === "end" ? Math.min(Math.max(Number(value) || 0, 0), work.clip.duration_s) : value;
      if (clue.end < clue.start) clue[name === "start" ? "end" : "start"] = clue[name];
      drawBars();
      changed();
    };
    field(name).onchange = () => { field("start").value = round2(clue.start); field("end").value = round2(clue.end); };
  }
  made_.querySelector('[data-act="mark-start"]').onclick = () => mark("start");
  made_.querySelector('[data-act="mark-end"]').onclick = () => mark("end");
  made_.querySelector('[data-act="edited"]').onclick = () => finishEdit();
  return made_;
};
const select = (id, seek = true, focus = true) => {
  work.selected = id;
  for (const row of part("items").children) row.classList.toggle("emer-selected", row.firstElementChild.dataset.id === id);
  drawBars();
  if (focus) placeOf(id)?.focus({ preventScroll: false });
  if (seek && player()) player().currentTime = itemOf(id).clue.start;
};
const decide = (id, state) => {
  const item = itemOf(id);
  if (state === "removed" && !item.before) work.parts.items.splice(work.parts.items.indexOf(item), 1);
  else item.state = state;
  if (work.editing === id) work.editing = "";
  changed();
  drawItems();
  const { items } = work.parts;
  const next = items.find((other) => other.state === "open");
  if (state === "open") select(id, false);
  else if (next) select(next.clue.id);
  else root.querySelector('[data-form="label"] input').focus();
};
const edit = (id) => {
  const item = itemOf(id);
  work.editing = id;
  if (item.state !== "kept") { item.state = "kept"; changed(); }
  work.selected = id;
  drawItems();
  part("items").querySelector("textarea").focus();
};
const finishEdit = () => {
  const id = work.editing, item = itemOf(id);
  work.editing = "";
  if (item && !item.clue.statement.trim()) {
    if (item.before) item.clue.statement = item.before.statement;
    else work.parts.items.splice(work.parts.items.indexOf(item), 1);
  }
  drawItems();
  (placeOf(id) ?? root.querySelector('[data-act="add-clue"]')).focus();
};
const addClue = () => {
  const start = round2(player()?.currentTime ?? 0), id = `own-${crypto.getRandomValues(new Uint32Array(2)).join("")}`;
  const clue = { id, modality: "visual", statement: "", start, end: round2(Math.min(start + NEW_S, work.clip.duration_s)), source: "person", was: "" };
  work.parts.items.push({ clue, before: null, state: "kept", votes: 0, of: 0, sources: [] });
  edit(id);
  changed();
};
// I and O: the span of the clue at hand begins or ends where the player stands.
const mark = (side) => {
  const item = itemOf(work.editing || work.selected);
  if (!item) return;
  const at = round2(Math.min(player()?.currentTime ?? 0, work.clip.duration_s)), other = side === "start" ? "end" : "start";
  item.clue[side] = at;
  if (item.clue.end < item.clue.start) item.clue[other] = at;
  item.state = "kept";
  changed();
  const typing = work.editing;
  drawItems();
  if (typing) part("items").querySelector("textarea").focus();
  else placeOf(item.clue.id)?.focus({ preventScroll: true });
};

// Labels

const drawLabels = () => refill(part("labels"), work.parts.labels.map((label, number) => {
  const about = [label.of ? say("votes", label) : "", label.place ?? ""].filter(Boolean);
  const row = made("label", { word: label.word, about: about.join(" · ") });
  const button = row.firstElementChild;
  button.dataset.key = label.word;
  button.setAttribute("aria-pressed", String(label.kept));
  if (number < 9) button.setAttribute("aria-keyshortcuts", String(number + 1));
  button.onclick = () => turn(label);
  return row;
}));
const turn = (label) => {
  if (label.given) label.kept = !label.kept;
  else work.parts.labels.splice(work.parts.labels.indexOf(label), 1);
  drawLabels();
  changed();
};
const addLabel = async (word) => {
  const was = work;
  let label = work.parts.labels.find((one) => one.word.toLowerCase() === word.toLowerCase());
  if (!label) work.parts.labels.push(label = { word, votes: 0, of: 0, given: false });
  label.kept = true;
  drawLabels();
  changed();
  const [found] = await call("complete", [was.project, word, was.key]).catch(() => []);
  if (found && work === was) {
    label.place = found.known ? found.place : say("nearest", { place: found.place || "–" });
    drawLabels();
  }
};
const complete = async (field) => {
  const typed = field.value.trim();
  if (typed.length < 2 || !work) return;
  const found = await call("complete", [work.project, typed, work.key]).catch(() => []);
  if (field.value.trim() !== typed) return;
  const list = root.querySelector("#emer-known-labels");
  list.replaceChildren(...found.slice(0, 8).map(({ word, place }) => new Option(place, word)));
};

// Saving

const changed = (wanted = false) => {
  work.changes += 1;
  work.wanted = wanted; // what is changed afterwards was not what somebody was done with
  keepLocal(work);
  write(view("work"), { saved: say("unsaved") });
  count();
  later(work, AFTER_MS);
};
const later = (one, after) => {
  clearTimeout(one.timer);
  one.timer = setTimeout(() => keep(one), after);
};
const keepLocal = (one) => {
  one.text = JSON.stringify({
    who: one.who, window: WINDOW, project: one.project, round: one.round, clip: one.clip.name, base: one.base, over: one.over, done: one.done || one.wanted,
    seconds: spent(one), parts: one.parts, answer: answerOf(one.parts), sending: one.sending ?? null,
  });
  one.kept = store(one.store, one.text);
};
const spent = (one) => round2(one.seconds + (performance.now() - one.since) / 1000);
const isSaved = (one) => one.changes === one.sent && (one.done || !one.wanted);
const saving = new Set(); // names of what is on its way
// One save after the other, so that a window never stands beside itself. Resolves to whether all is kept.
const keep = (one, options = {}) => {
  clearTimeout(one.timer);
  one.chain = one.chain.then(async () => {
    if (isSaved(one)) return true;
    const { changes } = one;
    let kept;
    one.sending = answerOf(one.parts);
    keepLocal(one);
    if (one === work) write(view("work"), { saved: say("saving") });
    saving.add(one.store);
    try {
      const values = [one.project, one.round, one.clip.name, one.sending, one.base, one.over, one.done || one.wanted, spent(one), one.key];
      kept = await call("save", values, options);
    } catch (problem) {
      notSaved(one, problem);
      return false;
    }
    saving.delete(one.store);
    Object.assign(one, { base: kept.id, over: [], done: kept.done, sent: changes, sending: null, tries: 0 });
    if (one.changes === changes) drop(one.store, one.text);
    else keepLocal(one);
    if (one !== work) return !kept.conflict;
    write(view("work"), { saved: say(kept.done ? "was_done" : "was_saved", { time: moment(kept.saved) }) });
    if (one.problem) tell("");
    one.problem = "";
    if (kept.conflict) await again(one).catch(failed);
    else part("conflict").hidden = true;
    return !kept.conflict;
  });
  return one.chain;
};
// Whatever the reason, it may pass: it is tried again, ever more rarely, and told once.
const notSaved = (one, problem) => {
  saving.delete(one.store);
  one.sending = null;
  if (one !== work) {
    whys.set(one.store, problem.message);
    drawUnsent();
    sendLater();
    return;
  }
  write(view("work"), { saved: say(one.kept ? "not_saved" : "not_kept") });
  if (problem.message !== one.problem) failed(problem);
  one.problem = problem.message;
  later(one, Math.min(RETRY_MS * 2 ** one.tries, RARELY_MS));
  one.tries += 1;
};
// Two windows have saved different answers: both are shown, beside what is being written.
const again = async (one) => {
  const task = await call("task", [one.project, one.round, one.clip.name, one.key]);
  if (one !== work || !task) return;
  const first = part("conflict").hidden;
  one.task = task;
  drawConflict(task);
  if (first) part("conflict").scrollIntoView({ block: "start" });
};
const finish = async () => {
  if (work.editing) finishEdit();
  const one = work, open = one.parts.items.filter((item) => item.state === "open");
  if (open.length) {
    tell(say("still_open", { open: open.length }), "error");
    select(open[0].clue.id);
    return;
  }
  if (!one.parts.labels.some((label) => label.kept)) {
    tell(say("no_label"), "error");
    root.querySelector('[data-form="label"] input').focus();
    return;
  }
  one.wanted = true;
  if (await keep(one) && one.done && one === work) await begin(one.round);
};
// Resolves when what the open clip has to save was sent, well or not.
const settled = async () => work && (isSaved(work) ? work.chain : keep(work));
// Leaving a clip keeps what was said.
const leave = () => {
  const one = work;
  player()?.pause?.();
  clearTimeout(poll.timer);
  work = null;
  if (!one) return;
  clearTimeout(one.timer);
  if (!isSaved(one)) keep(one);
};
// What a closed page, or a clip that was left, could not send.
const whys = new Map();
const resting = () => unsent().filter((one) => !saving.has(one.name) && !(work && isOf(one, work)));
const drawUnsent = () => {
  const rows = resting().filter((one) => whys.has(one.name)).map((one) => {
    const row = made("unsent", { unsent: say("unsent", { name: nameOf(one), why: whys.get(one.name) }) });
    row.querySelector("button").dataset.key = one.name;
    row.querySelector("button").onclick = () => { store(one.name, null); drawUnsent(); };
    return row;
  });
  refill(part("unsent"), rows);
};
const nameOf = (one) => `${one.clip} (${one.project})`;
const sendLater = () => {
  clearTimeout(sendLater.timer);
  sendLater.timer = setTimeout(() => root.isConnected && sendRest(), RETRY_MS);
};
const sendRest = () => (sendRest.running ??= sendAll().finally(() => { sendRest.running = null; }));
const sendAll = async () => {
  const open = new Set((await navigator.locks?.query())?.held.map((lock) => lock.name)); // a window that is open sends its own
  for (const one of resting()) {
    if (one.window !== WINDOW && open.has(`${UNSENT}${one.window}`)) {
      sendLater();
      continue;
    }
    try {
      await sendOne(one);
      drop(one.name, one.text);
      whys.delete(one.name);
      tell(say("sent_rest", { name: nameOf(one) }));
    } catch (problem) {
      whys.set(one.name, problem.message);
      sendLater();
    }
  }
  drawUnsent();
};
const sendOne = async (one) => {
  let own = null;
  try {
    own = (await call("task", [one.project, one.round, one.clip, one.key]))?.own;
  } catch (problem) {
    if (problem.away) throw problem; // refused: others were first, and the save may be taken all the same
  }
  const sent = own && own.base === one.base && one.sending && same(own.answer, one.sending);
  if (sent && same(one.sending, one.answer) && own.done === one.done) return;
  await call("save", [one.project, one.round, one.clip, one.answer, sent ? own.id : one.base, one.over, one.done, one.seconds, one.key]);
};

// Events

const acts = {
  home,
  project: () => open(project.project),
  before: () => listing.page > 1 && find(listing.page - 1),
  after: () => listing.page < listing.pages && find(listing.page + 1),
  copy: () => navigator.clipboard?.writeText(part("new-key").querySelector("code").textContent).then(() => tell(say("copied"))).catch(() => {}),
  "add-clue": addClue,
  forget: async () => {
    const { project: name } = project, person = personOf(keyOf(name));
    const left = () => unsent().filter((one) => one.project === name && one.who === person);
    if (left().length) await sendRest();
    const rest = left();
    if (rest.length && !window.confirm(say("forget_unsent", { clips: rest.map((one) => one.clip).join(", ") }))) return;
    for (const one of rest) store(one.name, null);
    const { [name]: _, ...others } = stored(KEYS, {});
    storeKeys(others);
    drawUnsent();
    await home();
  },
  save: () => keep(work),
  done: finish,
};
const move = (by) => {
  const { items } = work.parts;
  if (!items.length) return;
  const at = items.findIndex((item) => item.clue.id === work.selected);
  select(items[Math.min(Math.max(at + by, 0), items.length - 1)].clue.id);
};
const seek = (by) => { if (player()) player().currentTime = Math.max(0, player().currentTime + by); };
const shortcuts = {
  Enter: () => work.selected && decide(work.selected, "kept"),
  Delete: () => work.selected && decide(work.selected, "removed"),
  x: () => work.selected && decide(work.selected, "removed"),
  e: () => work.selected && edit(work.selected),
  n: addClue,
  i: () => mark("start"),
  o: () => mark("end"),
  l: () => root.querySelector('[data-form="label"] input').focus(),
  t: () => root.querySelector('[data-field="explanation"]').focus(),
  " ": () => (player()?.paused ? player().play() : player()?.pause()),
  ArrowDown: () => move(1),
  ArrowUp: () => move(-1),
  ArrowLeft: () => seek(-STEP_S),
  ArrowRight: () => seek(STEP_S),
};
const pressed = (event) => {
  if (event.isComposing || !work || !element.isConnected || !view("work").checkVisibility()) return;
  const { target, key } = event;
  const name = key.length === 1 ? key.toLowerCase() : key, control = event.ctrlKey || event.metaKey;
  let act = null;
  if (control) act = { Enter: finish, s: () => keep(work) }[name];
  else if (event.altKey) act = { i: shortcuts.i, o: shortcuts.o }[name];
  else if (target.closest("input, textarea, select, [contenteditable]")) {
    if (name === "Escape") act = () => (work.editing ? finishEdit() : (placeOf(work.selected) ?? view("work").querySelector("h3")).focus());
  } else if (element.contains(target) || target === document.body) {
    const button = target.closest("button, summary, a, video, audio") && (name === "Enter" || name === " " || name.startsWith("Arrow"));
    const label = /^[1-9]$/.test(name) ? work.parts.labels[Number(name) - 1] : null;
    act = label ? () => turn(label) : button ? null : shortcuts[name];
  }
  if (!act) return;
  event.preventDefault();
  act();
};
const typed = ({ target }) => {
  const { field } = target.dataset;
  const named = form("new")?.elements.namedItem("name");
  if (target === named) named.dataset.own = "yes";
  if (named && target.name === "title" && target.form === named.form && !named.dataset.own) {
    named.value = target.value.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 40);
  }
  if (field && work) {
    if (field === "explanation") work.parts.explanation = { [language()]: target.value };
    else work.parts[field] = target.value === "" || !target.validity.valid ? null : Number(target.value);
    changed();
  } else if (target.name === "label") complete(target);
};
const start = () => {
  root = element.querySelector(".emer-annotate");
  if (!root || root.dataset.started) return;
  root.dataset.started = "yes";
  words = JSON.parse(root.dataset.words);
  ({ who } = root.dataset);
  root.addEventListener("click", ({ target }) => {
    const act = acts[target.closest("[data-act]")?.dataset.act];
    if (act) act();
  });
  root.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = event.target.querySelector("button:not([type=button])");
    if (button) button.disabled = true;
    tell("");
    await Promise.resolve(submits[event.target.dataset.form](event.target)).catch(failed);
    if (button) button.disabled = false;
  });
  root.addEventListener("input", typed);
  part("agreement")?.addEventListener("toggle", ({ target }) => target.open && agreement());
  for (const name of Object.keys(local ?? {}).filter((one) => one.startsWith(UNSENT))) {
    const one = stored(name, {}); // earlier pages wrote the key itself
    if (one.who && !/^[0-9a-f]{16}$/.test(one.who)) store(name, JSON.stringify({ ...one, who: digest(one.who) }));
  }
  home().then(sendRest);
};
document.addEventListener("keydown", pressed);
document.addEventListener("visibilitychange", () => {
  if (document.hidden && work && !isSaved(work) && element.isConnected) keep(work, { keepalive: true });
});
window.addEventListener("beforeunload", (event) => {
  if (element.isConnected && unkept()) event.preventDefault();
});
navigator.locks?.request(`${UNSENT}${WINDOW}`, () => new Promise(() => {})); // held while this window is open
watch("value", start);
start();
