"""The data sets that dlcli knows by name."""
