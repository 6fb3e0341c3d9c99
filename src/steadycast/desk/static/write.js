// What writing does besides: the editor over the text field, the preview beside it, what is pasted and dropped, and a
// copy of what was not saved yet in this browser. Without it the page is a plain form.
"use strict";

(() => {
  const form = document.getElementById("write");
  if (!form || !window.steadycastEditor) return;
  const area = document.getElementById("body"), tools = document.getElementById("tools");
  const title = document.getElementById("title"), status = document.getElementById("write-status");
  const preview = document.getElementById("preview");
  const say = status.dataset;

  // -- the editor

  const host = document.getElementById("editor");
  const editor = window.steadycastEditor({
    host, text: area.value, label: document.getElementById("body-label").textContent, hint: area.placeholder,
    language: document.documentElement.lang, changed: () => { area.value = editor.text; edited(); }, took,
  });
  host.hidden = tools.hidden = false;
  area.hidden = true;
  document.getElementById("body-label").addEventListener("click", () => editor.focus());
  tools.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-run]");
    if (button) editor.run(button.dataset.run);
  });
  title.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing) { event.preventDefault(); editor.focus(); }
  });

  // -- pasted and dropped

  const RICH = /<(?:h[1-6]|p|li|table|b|strong|i|em|blockquote|img|a\s[^>]*href)\b/i;

  function took(data) {
    const files = [...(data.files || [])].filter((file) => /^(?:image|audio|video)\//.test(file.type));
    const html = data.getData("text/html");
    if (files.length && !(html && /<(?:p|table|h[1-6]|li)\b/i.test(html))) { send(files); return true; } // Word adds a picture of its text
    if (!html || data.types.includes("vscode-editor-data") || !RICH.test(html)) return false;
    convert(html, data.getData("text/plain"));
    return true;
  }

  const asked = (path, body) => fetch(path, {
    method: "POST", body, credentials: "same-origin", headers: { "X-Form-Token": form.elements.form_token.value },
  });

  async function convert(html, plain) {
    let text = plain;
    try {
      const answer = await asked("/write/paste", html);
      if (answer.ok) text = await answer.text();
    } catch { /* as plain text, then */ }
    if (/\n|^(?:#|[-*>|] |\d+\. |```)/.test(text)) editor.block(text);
    else editor.insert(text);
  }

  const notice = { ref: "", said: "" }; // of a file that no series takes, as long as the text names it
  const told = (text) => {
    status.textContent = [notice.ref && area.value.includes(notice.ref) ? notice.said : "", text].join(" ").trim();
  };

  async function send(files) {
    for (const file of files) {
      const untaken = { audio: say.noAudio, video: say.noVideo }[file.type.split("/")[0]] || "";
      status.textContent = [untaken, say.sending].join(" ").trim();
      const about = new URLSearchParams({ name: file.name || "picture", file: form.elements.file.value });
      if (form.elements.member) about.set("member", form.elements.member.value);
      try {
        const answer = await asked(`/write/media?${about}`, file);
        const laid = await answer.json().catch(() => ({}));
        if (!answer.ok) throw new Error(laid.said || `${file.name} (${answer.status})`);
        if (untaken) Object.assign(notice, { ref: laid.ref, said: untaken });
        editor.block(`![](${laid.ref})`);
        told("");
      } catch (error) {
        status.textContent = `${say.failed} ${error.message}`;
      }
    }
  }

  document.getElementById("files").addEventListener("change", (event) => {
    send([...event.target.files]);
    event.target.value = "";
  });

  // -- the preview: while one writes, with one request at a time

  const PAUSE = 700; // ms without a key before the channels are asked
  let waits = 0, asking = null, took_ms = 0;

  function previewSoon() {
    clearTimeout(waits);
    waits = setTimeout(show, Math.max(PAUSE, took_ms));
  }

  async function show() {
    if (!area.value.trim() && !title.value.trim()) return;
    asking?.abort();
    const mine = (asking = new AbortController()), begun = performance.now();
    preview.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch("/write/preview", {
        method: "POST", body: new URLSearchParams(new FormData(form)), credentials: "same-origin",
        headers: { "HX-Request": "true" }, signal: mine.signal,
      });
      if (answer.ok) put(new DOMParser().parseFromString(await answer.text(), "text/html").body);
      took_ms = 2 * (performance.now() - begun);
    } catch { /* the next key asks again */ }
    if (asking === mine) preview.removeAttribute("aria-busy");
  }

  // The new preview in the place of the old: what was open stays open, a frame whose page is the same stays loaded.
  function put(fresh) {
    const open = new Map([...preview.querySelectorAll("details.channel")].map((one) => [one.dataset.channel, one.open]));
    for (const one of fresh.querySelectorAll("details.channel")) {
      if (open.has(one.dataset.channel)) one.open = open.get(one.dataset.channel);
      const old = preview.querySelector(`details.channel[data-channel="${CSS.escape(one.dataset.channel)}"]`);
      if (old && old.innerHTML === one.innerHTML) one.replaceWith(document.createComment(one.dataset.channel));
    }
    const kept = new Map([...preview.querySelectorAll("details.channel")].map((one) => [one.dataset.channel, one]));
    const top = preview.parentElement.scrollTop;
    const nodes = [...fresh.childNodes].map((node) => (node.nodeType === Node.COMMENT_NODE && kept.get(node.data)) || node);
    // What stays is not taken out of the page, as a frame that moves loads anew.
    for (const node of [...preview.childNodes]) if (!nodes.includes(node)) node.remove();
    nodes.forEach((node, n) => { if (preview.childNodes[n] !== node) preview.insertBefore(node, preview.childNodes[n] || null); });
    preview.parentElement.scrollTop = top;
  }

  form.querySelector(".to-preview").addEventListener("click", (event) => {
    event.preventDefault();
    show();
    preview.scrollIntoView({ block: "nearest" });
  });

  // -- what was not saved yet, kept in this browser: by draft and tab, as two tabs must not keep in one place

  const OLDEST = 14 * 86400e3, MOST = 30;
  const tab = (sessionStorage.steadycast_tab ||= Math.random().toString(36).slice(2));
  const place = `steadycast_text:${form.dataset.draft || "new"}:`;
  const before = document.getElementById("kept-before");
  const asSaved = words();
  let dirty = false;

  function words() {
    return JSON.stringify([title.value, area.value]);
  }

  function kept() {
    const found = [];
    for (const key of Object.keys(localStorage)) {
      if (!key.startsWith("steadycast_text:")) continue;
      try {
        found.push({ key, ...JSON.parse(localStorage[key]) });
      } catch { delete localStorage[key]; }
    }
    found.sort((a, b) => b.at - a.at);
    for (const old of found.filter((one, n) => n >= MOST || Date.now() - one.at > OLDEST)) delete localStorage[old.key];
    return found.filter((one) => one.key.startsWith(place));
  }

  let keeps = 0;
  function edited() {
    dirty = words() !== asSaved;
    clearTimeout(keeps);
    keeps = setTimeout(keep, 500);
    previewSoon();
  }

  function keep() {
    try {
      if (dirty) localStorage[place + tab] = JSON.stringify({ at: Date.now(), words: words() });
      else delete localStorage[place + tab];
      told(dirty ? say.kept : "");
    } catch { /* the browser keeps nothing: saving is what counts */ }
  }

  function offer() {
    const found = kept().find((one) => one.words !== asSaved);
    if (!found) return;
    before.hidden = false;
    const time = before.querySelector("time");
    time.dateTime = new Date(found.at).toISOString();
    time.textContent = new Date(found.at).toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
    before.querySelector(".bring").onclick = () => {
      const [name, text] = JSON.parse(found.words);
      title.value = name;
      editor.text = text;
      delete localStorage[found.key];
      before.hidden = true;
      editor.focus();
      edited();
    };
    before.querySelector(".drop").onclick = () => {
      delete localStorage[found.key];
      before.hidden = true;
      editor.focus();
    };
  }

  form.addEventListener("input", edited);
  form.addEventListener("change", previewSoon);
  form.addEventListener("submit", () => {
    // The copy goes once the saved page has come: where saving fails, this text comes back with its page.
    try { sessionStorage.steadycast_sent = place + tab; } catch { /* no matter */ }
    dirty = false;
  });
  addEventListener("beforeunload", (event) => {
    if (dirty) { keep(); event.preventDefault(); }
  });

  const sent = sessionStorage.steadycast_sent;
  delete sessionStorage.steadycast_sent;
  if (sent && document.querySelector(".said:not(.refused)")) delete localStorage[sent];
  offer();
  if (!form.dataset.draft && !title.value) title.focus();
  if (area.value.trim() && !preview.querySelector(".channel, .faults")) show();
})();
