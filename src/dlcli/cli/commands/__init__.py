"""The commands, one per module: each parses, calls and prints."""
