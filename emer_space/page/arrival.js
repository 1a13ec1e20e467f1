// Runs once for the answer of a result. A new result comes into view and gets the focus, because the button that had it
// is gone; its key stays in this tab, so that a reload brings the result back.
element.tabIndex = -1;
const arrive = () => {
  const answer = element.querySelector(".emer-answer");
  if (!answer) return;
  if (answer.dataset.key) {
    storage("sessionStorage")?.setItem("emer-result", answer.dataset.key);
    const headline = answer.querySelector("h2").textContent;
    document.dispatchEvent(new CustomEvent("emer-result", { detail: { ...answer.dataset, headline } }));
  }
  requestAnimationFrame(() => {
    element.focus({ preventScroll: true });
    const { top } = answer.getBoundingClientRect();
    if (top < 0 || top > window.innerHeight / 4) answer.scrollIntoView({ block: "start" });
  });
};
arrive();
watch("value", arrive);
