// Runs once when the page has opened: asks for the result of the link that was followed, or for the one that this tab had
// open before it was loaded again.
const shared = new URL(window.location.href).searchParams.get("shared");
const key = storage("sessionStorage")?.getItem("emer-result");
if (shared || key) trigger("submit", shared ? { shared } : { key });
