"""When a promise falls due, and who fills it: pure functions, `now` is always an argument."""
