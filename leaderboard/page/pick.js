// Runs once for the list of submissions: the button with an id puts that id into the field of the decision.
element.addEventListener("click", (event) => {
  const picked = event.target.closest("[data-pick]");
  const field = document.querySelector("#emer-decide-id input, #emer-decide-id textarea");
  if (!picked || !field) return;
  field.value = picked.dataset.pick;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
});
