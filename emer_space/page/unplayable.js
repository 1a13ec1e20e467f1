// Runs once beside the form's player. Many clips that a browser cannot play can be read all the same, so its error goes
// no further, where Gradio would show it as one of the app, and a quiet line says so.
const player = () => document.querySelector(".emer-upload");
const tell = (event) => {
  if (!player()?.contains(event.target)) return;
  const failed = event.type === "error";
  if (failed) event.stopImmediatePropagation();
  element.querySelector("[data-unplayable]").hidden = !failed;
};
for (const name of ["error", "loadeddata", "emptied"]) document.addEventListener(name, tell, true);
