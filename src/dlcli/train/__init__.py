"""One training by Keras's `fit`: what `dlcli train` does, and what it saves."""
