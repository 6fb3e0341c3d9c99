"use strict";
const say = (button, done) => {
  const was = button.dataset.label || (button.dataset.label = button.textContent);
  button.textContent = done ? button.dataset.done : button.dataset.failed;
  button.classList.toggle("done", done);
  setTimeout(() => { button.textContent = was; button.classList.remove("done"); }, 1600);
};
// A copy event of our own puts exactly these bytes on the clipboard: a plain selection would carry the browser's
// computed styles along, and navigator.clipboard is not there on every file:// page.
const copy = (text, html) => {
  let done = false;
  const put = (event) => {
    event.clipboardData.setData("text/plain", text);
    if (html) event.clipboardData.setData("text/html", html);
    event.preventDefault();
    done = true;
  };
  document.addEventListener("copy", put);
  document.execCommand("copy");
  document.removeEventListener("copy", put);
  return done;
};
const body = (withPictures) => {
  const copied = document.getElementById("paste").cloneNode(true);
  copied.querySelectorAll("img[data-file]").forEach((picture) => {
    const name = picture.dataset.file;
    picture.removeAttribute("data-file");
    if (withPictures) return;
    const place = document.createElement("span");
    place.textContent = "【" + name + "】";
    picture.replaceWith(place);
  });
  return copied;
};
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const what = button.dataset.copy;
  if (what === "body" || what === "places") {
    const copied = body(what === "body");
    say(button, copy(document.getElementById("paste").innerText, copied.innerHTML.trim()));
  } else {
    say(button, copy(document.getElementById(what).textContent));
  }
});
