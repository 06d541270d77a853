"""What to train, and what to train next: configs and settings in, trials out."""
