// Runs once for each HTML part of a result. A button names its clues (data-clues) and a moment (data-at): here the
// clues are lit on the page; the player is moved by the server's answer to the click (Gradio's playback_position).
const page = element.closest(".emer-result") ?? document;

// The player stays where it can be seen: on a narrow page it sticks to the top, elsewhere it is scrolled to.
const showPlayer = () => {
  const player = page.querySelector("#emer-player");
  if (!player) return;
  const { top, bottom } = player.getBoundingClientRect();
  if (top < 0 || bottom > window.innerHeight) player.scrollIntoView({ block: "nearest" });
};

element.addEventListener("click", (event) => {
  const chosen = event.target.closest("button[data-at]");
  if (!chosen) return;
  const off = chosen.getAttribute("aria-pressed") === "true";
  const ids = new Set(off ? [] : chosen.dataset.clues.split(" ").filter(Boolean));
  page.querySelectorAll("button[data-at]").forEach((button) => button.setAttribute("aria-pressed", "false"));
  page.querySelectorAll("[data-clue]").forEach((clue) => clue.classList.toggle("emer-on", ids.has(clue.dataset.clue)));
  page.classList?.toggle("emer-focus", ids.size > 0);
  if (off) return;
  chosen.setAttribute("aria-pressed", "true");
  trigger("click", { at: Number(chosen.dataset.at) });
  showPlayer();
});

// The line on the timeline that follows the player.
const follow = (event) => {
  const lanes = element.querySelector(".emer-lanes");
  if (lanes && event.target.tagName === "VIDEO") {
    lanes.style.setProperty("--now", Math.min(event.target.currentTime / Number(lanes.dataset.duration), 1));
  }
};
for (const name of ["timeupdate", "seeked"]) page.addEventListener(name, follow, true);
