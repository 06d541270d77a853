"""Tests of dlcli.optimizers."""
