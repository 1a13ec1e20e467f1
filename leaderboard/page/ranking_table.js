// Runs once for the table of a ranking: its heads sort it, its pages turn, and a row shows its details. The table is
// made anew on the server, so the focus returns to the button that was pressed.
let pressed = "";
element.addEventListener("click", ({ target }) => {
  if (target.closest("a")) return;
  const { sort, page } = target.closest("button")?.dataset ?? {};
  const row = target.closest("tr[data-entry]");
  if (sort) trigger("input", { sort });
  else if (page) trigger("input", { page: Number(page) });
  else if (row) trigger("select", { id: row.dataset.entry, name: row.querySelector("[data-name]").dataset.name });
  pressed = sort ? `[data-sort="${CSS.escape(sort)}"]` : page ? ".emer-ranks" : "";
});
watch("value", () => {
  if (pressed) element.querySelector(pressed)?.focus();
  pressed = "";
});
