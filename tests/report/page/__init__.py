"""Tests of dlcli.report.page."""
