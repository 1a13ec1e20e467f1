// Runs once for the heading of a ranking. Gradio gives the search field of its table an English title and no name: it
// gets both from the heading, whenever the table is built anew.
const name = () => {
  const words = element.querySelector("[data-search]")?.dataset.search;
  document.querySelectorAll("#emer-table .search-input").forEach((field) => {
    if (!words || field.placeholder === words) return;
    field.placeholder = field.title = words;
    field.setAttribute("aria-label", words);
  });
};
new MutationObserver(name).observe(element.closest(".emer-board-tab") ?? document.body, { childList: true, subtree: true });
watch("value", name);
name();
