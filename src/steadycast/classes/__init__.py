"""Members who owe hand-ins on a rhythm: who owes what, what was handed in, who leaves. Pure, `now` is an argument."""
