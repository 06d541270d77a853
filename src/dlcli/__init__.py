"""dlcli: Keras experiments from one YAML file, with comparisons worth believing."""

__version__ = "0.1.0"
