"""Nothing runs code: no config, data file, run folder or model."""
