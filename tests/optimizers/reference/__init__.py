"""Runs of independent implementations, which the optimizers must repeat step by step.

`make.py` makes `runs.npz` with them, in an environment of its own; the tests read that file only.
"""
