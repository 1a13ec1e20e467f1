// Runs once for the table of several clips: which result was chosen.
element.addEventListener("click", (event) => {
  const key = event.target.closest("button[data-key-of]")?.dataset.keyOf;
  if (key) trigger("submit", { key });
});
