// Runs once for the scorer's heartbeat: asks for it outside Gradio's events, each of which would cost the page work,
// and tells the page only when something has changed. A page out of view does not ask.
let seen = "";
setInterval(async () => {
  if (document.hidden || !element.offsetParent) return;
  try {
    const answer = await fetch("gradio_api/run/heartbeat", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: '{"data": []}',
    });
    const now = answer.ok ? JSON.stringify((await answer.json()).data) : seen;
    if (now !== seen) trigger("input");
    seen = now;
  } catch {
    // The app is away for the moment; the next beat asks again.
  }
}, REFRESH_MS);
