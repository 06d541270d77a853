"""Tests of dlcli.cli.commands."""
