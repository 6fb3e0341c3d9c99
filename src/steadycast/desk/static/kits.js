// Copying what a kit holds. Its page is fetched and read as a document that runs nothing and loads nothing.
"use strict";
(() => {
  // A page that is read here stands under the desk's own policy, which takes no inline style. The browser would drop each
  // from what it reads and complain; so they have another name while they are here, and their own again where they are pasted.
  const AWAY = " data-kept-style=";
  const renamed = (html, from, to) => html.replace(/<[a-z][^<>]*>/gi, (tag) => tag.replaceAll(from, to));
  const told = (button, well) => {
    const was = button.dataset.label || (button.dataset.label = button.textContent);
    button.textContent = well ? button.dataset.done : button.dataset.failed;
    button.classList.toggle("is-done", well);
    setTimeout(() => { button.textContent = was; button.classList.remove("is-done"); }, 1800);
  };
  // A copy event of our own puts exactly these bytes on the clipboard, also where navigator.clipboard is not there.
  const copy = (text, html) => {
    let well = false;
    const put = (event) => {
      event.clipboardData.setData("text/plain", text);
      if (html) event.clipboardData.setData("text/html", html);
      event.preventDefault();
      well = true;
    };
    document.addEventListener("copy", put);
    document.execCommand("copy");
    document.removeEventListener("copy", put);
    return well;
  };
  const BLOCKS = "p,h1,h2,h3,h4,h5,h6,li,pre,blockquote,tr,hr,figure";
  const plain = (root) => {
    const made = root.cloneNode(true);
    made.querySelectorAll("br").forEach((each) => each.replaceWith("\n"));
    made.querySelectorAll(BLOCKS).forEach((each) => each.append("\n\n"));
    return made.textContent.replace(/[ \t]*\n[ \t]*/g, "\n").replace(/\n{3,}/g, "\n\n").trim();
  };
  const body = (pasted, withPictures) => {
    const made = pasted.cloneNode(true);
    made.querySelectorAll("img[data-file]").forEach((picture) => {
      const name = picture.dataset.file;
      picture.removeAttribute("data-file");
      if (withPictures) return;
      const place = document.createElement("span");
      place.textContent = "【" + name + "】";
      picture.replaceWith(place);
    });
    return made;
  };
  let pasted = null;
  const place = document.querySelector("[data-kit]");
  if (place) {
    fetch(place.dataset.kit).then((answer) => (answer.ok ? answer.text() : "")).then((text) => {
      pasted = new DOMParser().parseFromString(renamed(text.replace(/<style\b[^]*?<\/style>/gi, ""), " style=", AWAY), "text/html").getElementById("paste");
      if (!pasted) return;
      place.querySelector("[data-copy=body]").hidden = false;
      place.querySelector("[data-places]").hidden = !pasted.querySelector("img[data-file]");
    });
  }
  document.querySelectorAll("button[data-copy]:not([data-copy=body]):not([data-copy=places])").forEach((each) => { each.hidden = false; });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-copy]");
    if (!button) return;
    const what = button.dataset.copy;
    if (what === "body" || what === "places") {
      const made = pasted && body(pasted, what === "body");
      told(button, Boolean(made) && copy(plain(made), renamed(made.innerHTML.trim(), AWAY, " style=")));
    } else {
      told(button, copy(document.getElementById(what).value));
    }
  });
  const paste = document.querySelector("button[data-paste]");
  if (paste && navigator.clipboard && navigator.clipboard.readText) {
    paste.hidden = false;
    paste.addEventListener("click", async () => {
      try { document.getElementById(paste.dataset.paste).value = (await navigator.clipboard.readText()).trim(); } catch { paste.hidden = true; }
    });
  }
})();
