"""Text and tables as LaTeX, for the booktabs package."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "≤": r"$\leq$", "≥": r"$\geq$", "<": r"$<$", ">": r"$>$", "·": r"$\cdot$",
}  # fmt: skip


def escaped(text: str) -> str:
    """Return the text as LaTeX prints it."""
    return "".join(LATEX.get(letter, letter) for letter in text)


def latex_table(
    caption: str, header: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[str]
) -> str:
    """Return a LaTeX table for the booktabs package.

    Args:
        caption: As text, as all cells are: they are escaped.
        header: Names of the columns; `p` is set as a formula.
        rows: A cell for each column.
        numeric: Columns that are aligned to the right.
    """
    names = ["$p$" if name == "p" else escaped(name) for name in header]
    body = [" & ".join(map(escaped, row)) + r" \\" for row in rows]
    columns = "".join("r" if name in numeric else "l" for name in header)
    return "\n".join(
        [
            r"% needs \usepackage{booktabs}",
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{escaped(caption)}}}",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            " & ".join(names) + r" \\",
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )
