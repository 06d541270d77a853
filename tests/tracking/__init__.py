"""Tests of dlcli.tracking."""
