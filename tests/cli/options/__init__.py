"""Tests of dlcli.cli.options."""
