// Runs once for the menu of a result: which button was pressed.
element.addEventListener("click", (event) => {
  const chosen = event.target.closest("button[data-format]");
  if (chosen) trigger("submit", { format: chosen.dataset.format });
});
