"""How drafts come in: dropped in a folder, or read from a member's feed."""
