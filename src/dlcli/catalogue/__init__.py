"""What the installed Keras offers: its classes, their arguments and what they may hold."""
