"""Checks whether this machine can run line-tui; each problem includes its fix."""
