"""Mutated configs, data files and run folders: every end is one that dlcli means."""
