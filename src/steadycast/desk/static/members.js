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
