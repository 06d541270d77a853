"""Tests of dlcli.config.conversion."""
