"""Tables fit a terminal and survive a pipe; JSON holds only what JSON can hold."""

from __future__ import annotations

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from dlcli.cli.screen.output import emit_json, print_sentence, print_table

COLUMNS = ["name", "value", "what it is"]
ROWS = [["a-long-name-1", "1.5", "words " * 20], ["b", "10.25", ""]]


def lines(capsys, columns=COLUMNS, rows=ROWS):
    print_table(columns, rows, numeric=["value"])
    return capsys.readouterr().out.splitlines()


@pytest.fixture
def terminal(monkeypatch):
    """Make standard output a terminal of a width."""

    def of_width(width):
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setenv("NO_COLOR", "1")

    return of_width


def test_a_pipe_gets_one_line_a_row_however_long(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    made = lines(capsys)
    assert len(made) == 4
    assert made[2].endswith("words " * 19 + "words")
    assert "\x1b" not in "".join(made)


def test_numbers_are_aligned_to_the_right(capsys):
    made = lines(capsys)
    assert made[2][: made[2].index("words")] == "a-long-name-1    1.5  "
    assert made[3] == "b              10.25"


def test_columns_stay_below_one_another_after_wide_letters(capsys):
    made = lines(capsys, rows=[["漢字 Adam", "1.5", "left"], ["b", "10.25", "left"]])
    starts = {cell_len(line[: line.index("left")]) for line in made[2:]}
    assert len(starts) == 1


@pytest.mark.parametrize("width", [40, 60, 80])
def test_a_terminal_gets_lines_that_fit_and_whole_words(capsys, terminal, width):
    terminal(width)
    made = lines(capsys)
    assert max(len(line) for line in made) <= width
    assert "a-long-name-1" in made[2]
    assert sum(line.count("words") for line in made) == 20


@pytest.mark.parametrize("width", [40, 60, 80])
def test_wide_letters_are_folded_by_the_cells_they_take(capsys, terminal, width):
    terminal(width)
    made = lines(capsys, rows=[["漢字 Adam 漢字 with 漢字 words", "1.5", "漢字 " * 20]])
    assert max(cell_len(line) for line in made) <= width
    assert sum(line.count("漢字") for line in made) == 23


def test_a_word_is_not_cut_even_if_the_terminal_is_too_narrow(capsys, terminal):
    terminal(10)
    assert any("a-long-name-1" in line for line in lines(capsys))


INTERVALS = [["SGD", "0.9836 [0.9804, 0.9867]"], ["a name of several words " * 3, "0.9"]]


@pytest.mark.parametrize("width", range(16, 80))
def test_a_number_and_its_per_cent_stay_together(capsys, terminal, width):
    terminal(width)
    head, rule = "name", "test accuracy [95 %]"
    made = lines(capsys, columns=[head, rule], rows=INTERVALS)
    assert sum("[95 %]" in line for line in made) == 1


def test_an_interval_is_parted_only_where_it_finds_no_room(capsys, terminal):
    terminal(40)
    made = lines(capsys, columns=["name", "test accuracy [95 %]"], rows=INTERVALS)
    assert sum("[0.9804, 0.9867]" in line for line in made) == 1
    assert max(map(len, made)) <= 40
    terminal(18)
    made = lines(capsys, columns=["name", "test accuracy [95 %]"], rows=INTERVALS)
    assert any(line.endswith("[0.9804,") for line in made)


def test_columns_are_no_wider_than_what_folding_leaves_of_them(capsys, terminal):
    terminal(50)
    made = lines(capsys, columns=["name", "what"], rows=[["word " * 9, "longerword " * 9]])
    rule = made[1].split()
    assert max(len(line[: len(rule[0])].rstrip()) for line in made[2:]) == len(rule[0])
    assert max(map(len, made)) <= 50


def test_the_header_is_bold_on_a_terminal_unless_no_color_is_set(capsys, terminal, monkeypatch):
    terminal(200)
    assert "\x1b" not in "".join(lines(capsys))
    monkeypatch.delenv("NO_COLOR")
    # click strips styles where it sees no terminal, and its look is not the one replaced above
    monkeypatch.setattr("click.utils.should_strip_ansi", lambda *_: False)
    made = lines(capsys)
    assert made[0].startswith("\x1b[1m")
    assert "\x1b" not in "".join(made[1:])


def test_a_table_without_rows_is_its_header(capsys):
    assert lines(capsys, rows=[]) == ["name  value  what it is", "----  -----  ----------"]


@given(
    content=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )
)
def test_json_is_strict_whatever_is_printed(content):
    printed = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("click.echo", printed.append)
        emit_json(content)

    def refuse(constant):
        raise AssertionError(constant)

    json.loads(printed[0], parse_constant=refuse)


@given(st.lists(st.sampled_from(["[0.1,", "0.2],", "80", "%", "%.", "a", "漢字", "[x]y", "]["])),
       st.integers(1, 30))  # fmt: skip
def test_a_folded_sentence_is_the_same_sentence(parts, width):
    printed = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
        patch.setenv("COLUMNS", str(width))
        patch.setattr("click.echo", lambda text, **_: printed.append(text))
        print_sentence(" ".join(parts))
    assert " ".join(printed[0].split("\n")) == " ".join(parts)


def test_a_sentence_is_folded_on_a_terminal_only(capsys, terminal):
    text = "a few words " * 10
    print_sentence(text.strip())
    assert len(capsys.readouterr().out.splitlines()) == 1
    terminal(30)
    print_sentence(text.strip())
    folded = capsys.readouterr().out.splitlines()
    assert len(folded) > 3
    assert " ".join(folded) == text.strip()
