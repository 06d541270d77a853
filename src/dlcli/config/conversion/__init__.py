"""A config's other forms: a YAML file, a JSON Schema, a Keras model, Python code, differences."""
