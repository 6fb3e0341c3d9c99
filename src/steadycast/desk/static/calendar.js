// Drafts dragged onto slots. The same is done by the form on a slot's page ("Move this draft to…").
"use strict";

(() => {
  let dragged = null;
  const slotAt = event => event.target.closest?.("[data-slot]");
  const takes = slot => slot && dragged && slot.dataset.holds !== dragged.draft && dragged.fits.includes(slot.dataset.series);

  function hint() {
    for (const note of document.querySelectorAll(".drag-hint")) note.hidden = false;
  }

  function end() {
    dragged = null;
    for (const slot of document.querySelectorAll("[data-slot]")) slot.classList.remove("can-take", "over");
    document.querySelector(".plan")?.removeAttribute("data-live");
  }

  document.addEventListener("dragstart", event => {
    const from = event.target.closest?.("[data-draft]");
    if (!from) return;
    const { draft, seen, fits } = from.dataset;
    dragged = { draft, seen, fits: fits.split(" ") };
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", draft);
    document.querySelector(".plan")?.setAttribute("data-live", "off"); // the page stays as it is meanwhile
    for (const slot of document.querySelectorAll("[data-slot]")) slot.classList.toggle("can-take", Boolean(takes(slot)));
  });
  document.addEventListener("dragover", event => {
    const slot = slotAt(event);
    if (!takes(slot)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "move";
    slot.classList.add("over");
  });
  document.addEventListener("dragleave", event => {
    const slot = slotAt(event);
    if (slot && !slot.contains(event.relatedTarget)) slot.classList.remove("over");
  });
  document.addEventListener("drop", event => {
    const slot = slotAt(event);
    if (!takes(slot)) return;
    event.preventDefault();
    const form = document.getElementById("move-by-drag");
    form.elements.draft.value = dragged.draft;
    form.elements.seen.value = dragged.seen;
    form.elements.to.value = `${slot.dataset.slot} ${slot.dataset.holds}`;
    end();
    form.requestSubmit();
  });
  document.addEventListener("dragend", end);
  // A month that is nearly over opens where today is, as far as it must be scrolled for that; unless something was said above.
  function openAtToday() {
    const today = document.querySelector(".days.month #today");
    const below = today && today.getBoundingClientRect().top > innerHeight - 100; // else the heading stays in sight
    if (below && !location.hash && !scrollY && !document.querySelector(".said, .undo")) today.scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("desk:swapped", hint);
  addEventListener("load", openAtToday);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", hint);
  else hint();
})();
