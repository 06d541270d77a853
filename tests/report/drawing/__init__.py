"""Tests of dlcli.report.drawing."""
