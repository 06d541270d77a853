"""Results as text: in the terminal, and as tables in CSV, Markdown and LaTeX."""
