"""Tests of dlcli.report.text."""
