"""What a reader sees of runs and comparisons: tables, figures and `report.html`."""
