// What pages do besides: countdowns that tick, and a page that shows within moments what changed elsewhere.
"use strict";

(() => {
  const IDLE = 300; // ms between the first of several changes and the look at the page
  const LATER = 5000; // ms before a stream that the desk refused is asked for again
  const main = () => document.getElementById("main");
  let stream = null, known = false, waits = 0, leaving = false, missed = false;

  // -- countdowns: by the desk's clock, which need not be this machine's

  const clocks = () => document.querySelectorAll("time.countdown[datetime]");

  // With words: 21:37:12 alone is a time of day.
  function worded(left) {
    const parts = [left / 3600, (left / 60) % 60, left % 60].map(n => String(Math.floor(n)).padStart(2, "0"));
    return document.body.dataset.left.replace("{}", parts.join(":"));
  }

  function countDown() {
    for (const shown of clocks()) {
      shown.skew ??= shown.dataset.now ? Date.parse(shown.dataset.now) - Date.now() : 0;
      const left = Math.round((Date.parse(shown.dateTime) - Date.now() - shown.skew) / 1000);
      if (left > 86400 || Number.isNaN(left)) continue; // in days: as the desk wrote it
      if (left < 0) {
        if (left === -3) refreshSoon(); // its hour has come
        if (shown.dataset.ticks) shown.textContent = worded(0);
        continue;
      }
      shown.dataset.ticks = "yes";
      shown.textContent = worded(left);
    }
  }

  // -- what changed elsewhere

  const isFilled = field => {
    if (field.type === "hidden" || field.type === "submit" || field.type === "button") return false;
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (field.tagName === "SELECT") return [...field.options].some(o => o.selected !== o.defaultSelected) && field.selectedIndex > 0;
    return "defaultValue" in field && field.value !== field.defaultValue;
  };

  // Nothing is taken away under somebody's hands: a field with something in it, or the cursor; a sound that plays.
  function inUse() {
    const at = document.activeElement;
    if (main().querySelector("[data-live=off]") || document.querySelector("dialog[open]")) return true;
    if (main().contains(at) && at.matches("input:not([type=checkbox]), textarea, select, [contenteditable]")) return true;
    if ([...main().querySelectorAll("audio, video")].some(player => !player.paused)) return true;
    if (!getSelection().isCollapsed && main().contains(getSelection().anchorNode)) return true;
    return [...main().querySelectorAll("input, textarea, select")].some(isFilled);
  }

  function refreshSoon() {
    clearTimeout(waits);
    waits = setTimeout(refresh, IDLE);
  }

  async function refresh() {
    if (leaving || document.hidden) return;
    if (inUse()) {
      missed = true;
      document.body.dataset.waits = ""; // there is something new, and it is not shown yet
      return;
    }
    missed = false;
    delete document.body.dataset.waits;
    try {
      const answer = await fetch(location.href, { headers: { "X-Desk-Live": "1" }, credentials: "same-origin" });
      if (answer.status === 401) location.reload(); // logged out: the way in, and back to this page
      if (!answer.ok || leaving || inUse()) return;
      swap(new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("main"));
    } catch {
      away(true);
    }
  }

  function swap(fresh) {
    if (!fresh || fresh.innerHTML === main().dataset.was) return;
    const was = fresh.innerHTML, said = main().querySelector(".said");
    const open = [...main().querySelectorAll("details[open] > summary")].map(one => one.textContent);
    const focus = document.activeElement, href = main().contains(focus) ? focus.getAttribute("href") : null;
    if (said && !fresh.querySelector(".said")) fresh.prepend(said);
    main().replaceChildren(...fresh.childNodes);
    main().dataset.was = was;
    for (const one of main().querySelectorAll("details > summary")) if (open.includes(one.textContent)) one.parentElement.open = true;
    if (href) [...main().querySelectorAll("a[href]")].find(a => a.getAttribute("href") === href)?.focus({ preventScroll: true });
    if (window.htmx) window.htmx.process(main());
    countDown();
    document.dispatchEvent(new CustomEvent("desk:swapped"));
  }

  function away(is) {
    const note = document.getElementById("away");
    if (note) note.hidden = !is;
  }

  function listen() {
    if (leaving || document.hidden || !document.body.hasAttribute("data-live")) return;
    stream?.close();
    stream = new EventSource("/events");
    stream.addEventListener("here", () => {
      away(false);
      if (known) refreshSoon(); // it was away, or this page was: what happened meanwhile?
      known = true;
    });
    stream.addEventListener("changed", refreshSoon);
    stream.addEventListener("error", () => {
      if (leaving) return;
      away(known);
      if (stream.readyState !== EventSource.CLOSED) return;
      refreshSoon(); // it may be that the session has ended
      setTimeout(listen, LATER);
    });
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? stream?.close() : listen()));
  document.addEventListener("focusout", () => missed && refreshSoon());
  document.addEventListener("submit", event => {
    // The page that comes says what was done: this one asks for nothing any more.
    if (!event.defaultPrevented && event.target.method === "post") leaving = true;
  });
  addEventListener("pagehide", () => {
    leaving = true;
    stream?.close();
  });
  addEventListener("pageshow", event => {
    leaving = false;
    if (event.persisted) listen();
  });

  // -- a tick for all that a list shows
  document.addEventListener("change", event => {
    const all = event.target.closest?.("input[data-all]");
    if (all) for (const box of all.form.querySelectorAll(`input[name="${all.dataset.all}"]`)) box.checked = all.checked;
  });

  const begin = () => {
    countDown();
    setInterval(countDown, 1000);
    listen();
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
