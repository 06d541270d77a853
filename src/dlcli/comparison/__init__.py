"""Comparing optimizers: what to train, what to train next, and what the scores allow to say."""
