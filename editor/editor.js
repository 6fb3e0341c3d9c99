// The desk's text editor: CodeMirror in a shadow root (so that its styles need no inline style), and its buttons' verbs.
// `make editor` bundles it into src/steadycast/desk/static/vendor/.
import { EditorSelection, EditorState, Prec } from "@codemirror/state";
import { EditorView, dropCursor, keymap, placeholder } from "@codemirror/view";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { markdown, markdownLanguage } from "@codemirror/lang-markdown";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { tags } from "@lezer/highlight";

const look = EditorView.theme({
  "&": { fontSize: "17px", color: "var(--ink)", backgroundColor: "transparent" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "inherit", lineHeight: "1.85", overflow: "visible" },
  ".cm-content": { padding: "14px 0 40px", minHeight: "46vh", caretColor: "var(--ink)" },
  ".cm-line": { padding: "0" },
  ".cm-placeholder": { color: "var(--soft)" },
});
const mono = 'ui-monospace, "SF Mono", Menlo, Consolas, "Noto Sans Mono CJK SC", monospace';
const marks = HighlightStyle.define([
  { tag: tags.heading1, fontWeight: "700", fontSize: "1.4em" },
  { tag: tags.heading2, fontWeight: "700", fontSize: "1.22em" },
  { tag: tags.heading, fontWeight: "700", fontSize: "1.08em" },
  { tag: tags.strong, fontWeight: "700" },
  { tag: tags.emphasis, fontStyle: "italic" },
  { tag: tags.strikethrough, textDecoration: "line-through" },
  { tag: tags.quote, color: "var(--soft)" },
  { tag: tags.link, color: "var(--link)" },
  { tag: tags.url, color: "var(--link)" },
  { tag: tags.monospace, fontFamily: mono, fontSize: ".92em" },
  { tag: tags.processingInstruction, color: "var(--soft)", fontWeight: "400" },
]);

// Words between two marks; without them where they are there already.
function wrap(view, mark) {
  view.dispatch(view.state.changeByRange((range) => {
    const { from, to } = range, doc = view.state.doc, n = mark.length;
    if (doc.sliceString(from - n, from) === mark && doc.sliceString(to, to + n) === mark) {
      const changes = [{ from: from - n, to: from }, { from: to, to: to + n }];
      return { changes, range: EditorSelection.range(from - n, to - n) };
    }
    const changes = [{ from, insert: mark }, { from: to, insert: mark }];
    return { changes, range: EditorSelection.range(from + n, to + n) };
  }), { userEvent: "input", scrollIntoView: true });
}

// Lines with a mark before each; without it where all of them have it.
function prefix(view, mark, any) {
  const { state } = view, { from, to } = state.selection.main, lines = [];
  for (let n = state.doc.lineAt(from).number; n <= state.doc.lineAt(to).number; n++) lines.push(state.doc.line(n));
  const marked = lines.every((line) => any.test(line.text));
  view.dispatch({
    changes: lines.map((line, n) => {
      const old = any.exec(line.text);
      const insert = marked && old[0] === mark(n) ? "" : mark(n);
      return { from: line.from, to: line.from + (old ? old[0].length : 0), insert };
    }),
    userEvent: "input",
  });
}

function insert(view, text, select) {
  const { from, to } = view.state.selection.main;
  const anchor = from + (select ? select[0] : text.length), head = from + (select ? select[1] : text.length);
  view.dispatch({ changes: { from, to, insert: text }, selection: { anchor, head }, userEvent: "input.paste", scrollIntoView: true });
}

// A block with an empty line before and after it.
function block(view, text, select) {
  const { state } = view, at = state.doc.lineAt(state.selection.main.from);
  const before = at.length ? "\n\n" : at.number > 1 && state.doc.line(at.number - 1).length ? "\n" : "";
  view.dispatch({ selection: { anchor: at.to } });
  insert(view, `${before}${text}\n\n`, select && select.map((n) => n + before.length));
}

const verbs = {
  bold: (view) => wrap(view, "**"),
  italic: (view) => wrap(view, "*"),
  heading: (view) => prefix(view, () => "## ", /^#{1,6} /),
  list: (view) => prefix(view, () => "- ", /^[-*+] /),
  numbers: (view) => prefix(view, (n) => `${n + 1}. `, /^\d+[.)] /),
  quote: (view) => prefix(view, () => "> ", /^> ?/),
  code(view) {
    const { from, to } = view.state.selection.main, words = view.state.sliceDoc(from, to);
    if (words.includes("\n")) insert(view, `\`\`\`\n${words}\n\`\`\``);
    else wrap(view, "`");
  },
  link(view) {
    const { from, to } = view.state.selection.main, words = view.state.sliceDoc(from, to);
    const text = `[${words}](https://)`;
    insert(view, text, words ? [words.length + 3, text.length - 1] : [1, 1]);
  },
  table: (view) => block(view, "|  |  |\n| --- | --- |\n|  |  |", [2, 2]),
};
const keys = [
  { key: "Mod-b", run: "bold" }, { key: "Mod-i", run: "italic" }, { key: "Mod-k", run: "link" },
  { key: "Mod-Alt-2", run: "heading" }, { key: "Mod-Shift-8", run: "list" }, { key: "Mod-Shift-7", run: "numbers" },
  { key: "Mod-Shift-.", run: "quote" }, { key: "Mod-e", run: "code" },
].map(({ key, run }) => ({ key, preventDefault: true, run: (view) => (verbs[run](view), true) }));

// An editor in `host`: `changed()` hears of each edit, `took(data)` says whether a paste or a drop is its own.
window.steadycastEditor = ({ host, text, label, hint, language, changed, took }) => {
  const root = host.attachShadow({ mode: "open" });
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text,
      extensions: [
        Prec.high(keymap.of(keys)), history(), keymap.of([...defaultKeymap, ...historyKeymap]), dropCursor(),
        markdown({ base: markdownLanguage, addKeymap: true }), syntaxHighlighting(marks), look, placeholder(hint),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "true", autocorrect: "on", lang: language }),
        EditorView.updateListener.of((update) => update.docChanged && changed()),
        EditorView.domEventHandlers({
          paste: (event) => took(event.clipboardData) && (event.preventDefault(), true),
          drop(event, view) {
            const at = view.posAtCoords({ x: event.clientX, y: event.clientY });
            if (at !== null && event.dataTransfer.files.length) view.dispatch({ selection: { anchor: at } });
            return took(event.dataTransfer) && (event.preventDefault(), true);
          },
        }),
      ],
    }),
  });
  return {
    get text() { return view.state.doc.toString(); },
    set text(words) { view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: words } }); },
    run(name) { verbs[name](view); view.focus(); },
    insert(words) { insert(view, words); },
    block(words) { block(view, words); },
    focus() { view.focus(); },
    line(number) {
      const at = view.state.doc.line(Math.min(Math.max(number, 1), view.state.doc.lines));
      view.dispatch({ selection: { anchor: at.from, head: at.to }, scrollIntoView: true });
      view.focus();
    },
  };
};
