// What a member's page adds to its form: it says at once what is too large, and shows how far a sending is.
"use strict";
(() => {
  const form = document.querySelector("form.send");
  if (form) {
    const wrong = form.querySelector(".wrong"), files = form.querySelector("input[type=file]");
    const button = form.querySelector("button"), bar = form.querySelector("progress");
    const told = (text) => { wrong.textContent = text; wrong.hidden = !text; };
    const fault = () => {
      const chosen = [...files.files];
      if (chosen.length > Number(form.dataset.files)) return form.dataset.tooMany;
      return chosen.reduce((sum, file) => sum + file.size, 0) > Number(form.dataset.most) ? form.dataset.tooLarge : "";
    };
    // What was written outlives a refusal that came before the form was read, and a connection that broke.
    const words = [...form.querySelectorAll("input[name=title], textarea[name=text]")], kept = `sent ${location.pathname}`;
    try {
      const before = JSON.parse(sessionStorage.getItem(kept) || "{}");
      const arrived = document.querySelector(".said:not(.refused)");
      for (const field of words) if (!arrived && !field.value) field.value = before[field.name] || "";
      sessionStorage.removeItem(kept);
    } catch { /* a browser that keeps nothing */ }
    // A file that nobody publishes yet may be sent all the same: the editors decide.
    const note = document.getElementById("untaken"), untaken = note ? note.dataset.forms.split(" ") : [];
    const unwanted = () => ([...files.files].some((file) => untaken.includes(file.type.split("/")[0])) ? note.textContent : "");
    files.addEventListener("change", () => told(fault() || unwanted()));
    form.addEventListener("submit", (event) => {
      if (fault()) { event.preventDefault(); told(fault()); return; }
      try {
        sessionStorage.setItem(kept, JSON.stringify(Object.fromEntries(words.map((field) => [field.name, field.value]))));
      } catch { /* likewise */ }
      button.disabled = true;
      button.textContent = form.dataset.sending;
      bar.hidden = false;
      bar.removeAttribute("value");
    });
  }
  // What the editors did since shows by itself: a look each half minute while the page is seen. The form is not touched.
  const LOOK = 30_000;
  const parts = () => [...document.querySelectorAll("[data-fresh]")];
  const inUse = (part) => part.contains(document.activeElement)
    || (!getSelection().isCollapsed && part.contains(getSelection().anchorNode));
  async function look() {
    if (document.hidden) return;
    try {
      const answer = await fetch(location.href, { headers: { "X-Desk-Live": "1" }, credentials: "same-origin" });
      if (answer.status === 404) clearInterval(looking); // the link has ended
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of parts()) {
        const now = fresh.querySelector(`[data-fresh=${part.dataset.fresh}]`);
        if (now && now.innerHTML !== part.innerHTML && !inUse(part)) part.replaceChildren(...now.childNodes);
      }
    } catch { /* the desk is away: the next look may reach it */ }
  }
  const looking = parts().length ? setInterval(look, LOOK) : 0;
  if (looking) document.addEventListener("visibilitychange", look);
  const copy = document.querySelector("button[data-copy]");
  if (copy) {
    copy.hidden = false;
    copy.addEventListener("click", () => {
      const field = document.getElementById(copy.dataset.copy);
      field.select();
      if (document.execCommand("copy")) copy.textContent = copy.dataset.done;
    });
  }
})();
