"""Data of the user's own that need preparing: tables, images, texts, sequences.

A loader reads raw examples and an unfitted encoder; `encoding.encoded` fits it on the training
part alone. The encoder is saved in the run, so that `predict` takes raw files too.
"""
