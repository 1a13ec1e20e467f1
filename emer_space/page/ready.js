// Runs once where files and texts for the visitor arrive: a file is saved as soon as its link is there, and a text is
// copied by its button, or marked where the browser does not let a page copy.
watch("value", () => element.querySelector("a[download]")?.click());
element.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const text = element.querySelector(`#${button.dataset.copy}`);
  const done = element.querySelector("[data-copied]");
  try {
    await navigator.clipboard.writeText(text.value ?? text.textContent);
    done.hidden = false;
  } catch {
    if (text.select) text.select();
    else getSelection().selectAllChildren(text);
  }
});
