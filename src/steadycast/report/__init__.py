"""The record made visible: one page, the same as JSON, a badge and a calendar."""
