"""What a reader sees of a comparison: its figures."""
