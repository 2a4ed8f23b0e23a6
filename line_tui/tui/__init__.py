"""The terminal app: it shows events and sends decisions. It imports no model library."""
