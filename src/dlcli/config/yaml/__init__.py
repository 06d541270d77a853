"""YAML text as a tree that remembers where everything is written.

It is parsed (`text`, `written_calls`), changed by `--set` (`overrides`), and its mistakes are shown
at their lines (`diagnostics`).
"""
