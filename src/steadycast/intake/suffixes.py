"""How the files end that are a draft in another form than Markdown."""

TEXT = ".txt"
DOCUMENTS = frozenset({".docx", ".ipynb", ".html", ".htm"})
