// Runs once beside the field for words that would be right. A browser completes a whole field, so each suggestion repeats
// the words before the last comma.
const list = element.querySelector("datalist");
const known = [...list.options].map((option) => option.value);
const complete = (event) => {
  const field = event.target;
  if (!field.closest?.("#emer-wrong-words")) return;
  field.setAttribute("list", list.id);
  const [, before, begun] = field.value.match(/^(.*[,;/，；、]\s*)?(.*)$/s);
  const fitting = begun ? known.filter((word) => word.startsWith(begun.toLowerCase()) && word !== begun) : [];
  list.replaceChildren(...fitting.slice(0, 8).map((word) => new Option("", (before ?? "") + word)));
};
for (const name of ["focusin", "input"]) document.addEventListener(name, complete);
