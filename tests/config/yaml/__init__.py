"""Tests of dlcli.config.yaml."""
