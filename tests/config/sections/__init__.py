"""Tests of dlcli.config.sections."""
