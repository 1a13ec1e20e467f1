// Runs once for the comparison of two results: brings a new one into view, and closes it.
watch("value", () => {
  const card = element.querySelector(".emer-compare");
  if (!card) return;
  card.tabIndex = -1;
  card.focus({ preventScroll: true });
  card.scrollIntoView({ block: "start" });
});
element.addEventListener("click", ({ target }) => target.closest("[data-close]") && trigger("click"));
