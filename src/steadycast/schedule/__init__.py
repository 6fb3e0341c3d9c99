"""When a promise falls due, who fills it, and how it was kept: pure functions, `now` is always an argument."""
