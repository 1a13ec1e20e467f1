// Runs once when the page has opened: asks for the result that this tab had open before it was loaded again.
const key = sessionStorage.getItem("emer-result");
if (key) trigger("submit", { key });
