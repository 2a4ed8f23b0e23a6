"""Checks whether this machine can run line-tui; each problem comes with its fix."""
