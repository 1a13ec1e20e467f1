// Runs once for the gallery: a press on an example opens its result.
element.addEventListener("click", (event) => {
  const chosen = event.target.closest("button[data-example]");
  if (chosen) trigger("click", { example: chosen.dataset.example });
});
