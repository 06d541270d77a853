"""Tests of dlcli.config.grammar."""
