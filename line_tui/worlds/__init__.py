"""Worlds: models that were made for line-tui, with what they need at run time."""
