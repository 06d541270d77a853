"""The figures of a comparison, one kind per module, and those of a data set's examples.

`comparison` writes all figures that the results allow.
"""
