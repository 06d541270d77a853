"""Tests of dlcli.config.binding."""
