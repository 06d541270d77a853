"""A config meets its data: variables get values, the loss and metrics are inferred, rules look."""
