"""The terminal app: a reader of events and a writer of decisions. It imports no model library."""
