"""Tests of dlcli.report.figures."""
