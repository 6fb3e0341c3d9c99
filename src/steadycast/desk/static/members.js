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
    files.addEventListener("change", () => told(fault()));
    form.addEventListener("submit", (event) => {
      if (fault()) { event.preventDefault(); told(fault()); return; }
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
