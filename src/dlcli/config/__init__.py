"""YAML text to a frozen config; knows positions, suggestions and the catalogue, never Keras."""
