// The record's button that prints: it is shown where there is a script to press it with.
"use strict";

(() => {
  const show = () => document.querySelector("[data-print]")?.closest("[hidden]")?.removeAttribute("hidden");
  document.addEventListener("click", event => event.target.closest("[data-print]") && window.print());
  document.addEventListener("desk:swapped", show);
  show();
})();
