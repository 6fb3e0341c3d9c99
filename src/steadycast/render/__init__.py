"""A draft as a channel will show it: parsed, sanitised, counted, cut, its media adapted."""
