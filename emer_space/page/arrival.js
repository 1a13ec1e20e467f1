// Runs once for the answer of a result. A new result comes into view and gets the focus, because the button that had it
// is gone; its key stays in this tab, so that a reload brings the result back.
element.tabIndex = -1;
const arrive = () => {
  const key = element.querySelector("[data-key]")?.dataset.key;
  if (!key) return;
  sessionStorage.setItem("emer-result", key);
  requestAnimationFrame(() => {
    element.focus({ preventScroll: true });
    const { top } = element.getBoundingClientRect();
    if (top < 0 || top > window.innerHeight / 4) element.scrollIntoView({ block: "start" });
  });
};
arrive();
watch("value", arrive);
