"""Tests of dlcli.cli.screen."""
