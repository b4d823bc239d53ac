"""What is shown while a run works: bars on a terminal, plain lines elsewhere, nothing when quiet."""

import io

import pytest

from cem_toolkit import console


def test_plain_lines_say_how_much_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 5.0, 20.0, 21.0, 40.0, 41.0])
    monkeypatch.setattr(console.time, "monotonic", lambda: next(clock))
    stream = io.StringIO()
    screen = console.Screen(stream=stream)
    with screen.progress("train", None) as step:
        step.advance(5)
        step.advance(5, total=40, message="loss 2.5")
        step.advance(1)
        step.advance(9)
    assert stream.getvalue().splitlines() == [
        "  train: 10 of 40, 60 s left, loss 2.5",
        "  train: 20 of 40, 40 s left, loss 2.5",
        "  train: 20 done in 41 s, loss 2.5",
    ]


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    stream = io.StringIO()
    screen = console.Screen(stream=stream)
    screen.console._force_terminal = True
    with screen.progress("evaluate", 10) as step:
        step.advance(5)
    assert "evaluate" in stream.getvalue()
    assert "left" in stream.getvalue()


def test_brackets_are_text_and_quiet_is_quiet() -> None:
    stream = io.StringIO()
    console.Screen(stream=stream).log("a [bold]title[/bold]")
    assert stream.getvalue() == "a [bold]title[/bold]\n"
    quiet = io.StringIO()
    screen = console.Screen(quiet=True, stream=quiet)
    screen.log("x")
    with screen.progress("y", 1) as step:
        step.advance()
    assert quiet.getvalue() == ""
