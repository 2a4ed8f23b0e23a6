"""The process that owns the models: its protocol, its server, and the client that the TUI and the CLI use."""
