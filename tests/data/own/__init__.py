"""Tests of data of the user's own."""
