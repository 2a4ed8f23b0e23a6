"""The widgets, one per file. Each shows what it is given."""
