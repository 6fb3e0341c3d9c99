"""The text worker with a lexer that never ends on code that begins with `slow`."""

from steadycast.render import highlight, text_worker

spans = highlight.spans


def sluggish(code: str, language: str, mode: str) -> str | None:
    while code.startswith("slow"):
        pass
    return spans(code, language, mode)


text_worker.spans = sluggish
if __name__ == "__main__":
    text_worker.main()
