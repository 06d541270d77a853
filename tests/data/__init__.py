"""Tests of dlcli.data."""
