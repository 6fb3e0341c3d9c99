"""Members' feeds: looked at side by side, each item taken once for ever."""
