// A search that has not found anything yet goes on by itself, further back, until it has or is stopped.
"use strict";

{
  let going = true;

  const seek = async (place) => {
    const answer = await fetch(place.dataset.further, { headers: { "X-Console": "live" } });
    if (!answer.ok) return null;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("list");
    if (fresh) {
      document.getElementById("list").replaceChildren(...fresh.childNodes);
      enliven(document.getElementById("list"));
    }
    return document.querySelector("[data-further][data-empty]");
  };

  const goOn = async (place) => {
    while (place && going) {
      place.setAttribute("role", "status");
      place.append(switchOf(place));
      place = await seek(place);
    }
  };

  const switchOf = (place) => {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: place.dataset.stop });
    button.addEventListener("click", () => {
      going = !going;
      button.textContent = going ? place.dataset.stop : place.dataset.go;
      if (going) { button.remove(); goOn(place); }
    });
    return button;
  };

  goOn(document.querySelector("[data-further][data-empty]"));
}
