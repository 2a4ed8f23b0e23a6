"""Worlds: models made for line-tui, and their code."""
