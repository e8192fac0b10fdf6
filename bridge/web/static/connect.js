// Connecting a source: profiles are filtered as one types; a click on a value opens the choice of what it is to be.
"use strict";

{
  const search = document.querySelector('input[name="search"]');
  search?.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\s+/);
    for (const one of document.querySelectorAll("[data-said]")) {
      const said = one.dataset.said.toLowerCase();
      one.hidden = !words.every((word) => said.includes(word));
    }
  });

  function nameOf(row) {
    const name = row.querySelector('[name="name"]');
    if (row.querySelector("select").value === "variable" && !name.value) name.value = name.dataset.name.replace(/\W+/g, "_");
  }

  for (const row of document.querySelectorAll(".chooser tbody tr")) {
    const role = row.querySelector("select");
    role.addEventListener("change", () => nameOf(row));
    row.querySelector(".value").addEventListener("click", () => {
      role.focus();
      role.showPicker?.();
    });
  }
}
