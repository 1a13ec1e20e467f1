// Runs once beside a form: what it answers gets the focus and comes into view.
element.tabIndex = -1;
watch("value", () => {
  if (!element.textContent.trim()) return;
  requestAnimationFrame(() => {
    element.focus({ preventScroll: true });
    element.scrollIntoView({ block: "nearest" });
  });
});
