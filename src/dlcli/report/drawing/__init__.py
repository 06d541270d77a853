"""What all figures share: style, panels, axes, how an example is drawn, how a figure is saved."""
