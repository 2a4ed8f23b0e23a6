"""The engine, which owns the models: its protocol, its server, and the client for TUI and CLI."""
