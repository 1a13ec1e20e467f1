// Runs once: the keys 1 to 4 press the buttons of a vote, while nothing is being typed and the focus is not elsewhere
// (it stays on the tab when that is opened).
const panel = element.closest(".emer-board-tab");
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || !panel?.checkVisibility()) return;
  const place = document.activeElement;
  if (place !== document.body && !panel.contains(place) && !place.matches("[role=tab]")) return;
  if (place.closest("input, textarea, select, [contenteditable], [role=listbox]")) return;
  const button = panel.querySelectorAll("#emer-votes button")[Number(event.key) - 1];
  if (button?.checkVisibility()) button.click();
});
