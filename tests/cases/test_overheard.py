"""What the target prints where no schedule hears it is told afterwards, whatever the end."""

from __future__ import annotations

from typing import Any

import pytest

from runfaults.cli.overheard import LONGEST, MOST_LINES, Prints

HEADING = "Printed outside of any schedule, or past Python's standard output:"

POINTS = ("points", "--target", "target.py:Target")


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("", 0),
        ("os._exit(0)", 2),
        ("ctypes.string_at(0)", 2),
        ("raise ValueError", 2),
    ],
)
def test_it_is_told_whatever_the_end(end: str, code: int, here: Any) -> None:
    here.write(
        "target.py",
        f"""
        import ctypes, os
        from jobs import JobsTarget as Target
        os.write(1, b"\\x1b[2Jfar more than a pipe holds\\n" * 10_000)
        {end}
        """,
    )
    ended = here.type(*POINTS)
    assert ended.code == code, ended.text
    assert HEADING + r" \x1b[2Jfar more than a pipe holds (10,000 times)" in ended.text
    assert "\x1b" not in ended.text


def test_what_is_printed_at_exit_is_told_too(here: Any) -> None:
    here.write(
        "target.py",
        """
        import atexit
        from jobs import JobsTarget as Target
        atexit.register(print, "\\x1b[2Jgoodbye")
        """,
    )
    ended = here.type(*POINTS)
    assert ended.text.endswith(HEADING + r" \x1b[2Jgoodbye")


def test_what_is_told_after_that_is_told_apart(here: Any) -> None:
    here.write(
        "target.py",
        """
        import atexit
        from jobs import JobsTarget as Target
        print("hello")
        atexit.register(print, "goodbye")
        """,
    )
    ended = here.type(*POINTS)
    assert HEADING + " hello" in ended.text
    assert ended.text.endswith("Printed after that, there too: goodbye")
    assert ended.text.count(HEADING) == 1


def test_a_handler_may_keep_the_stream(here: Any) -> None:
    here.write(
        "target.py",
        """
        import logging
        from jobs import Jobs, JobsTarget
        logging.basicConfig()
        class Target(JobsTarget):
            class jobs(Jobs):
                def start(self, *arguments):
                    logging.warning("starts")
                    return super().start(*arguments)
        """,
    )
    here.write("a.toml", 'name = "a"\nsymptom = "s"\ntarget = "target.py:Target"')
    ended = here.type("replay", "a.toml", "a.toml")
    assert ended.code == 0, ended.text
    assert "closed file" not in ended.text


def test_much_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    prints = Prints()
    prints.listen()
    prints.file.write("".join(f"{number}\n" for number in range(MOST_LINES + 7)))
    prints.file.write("\n\n0\nno end of line")
    prints.file.flush()
    prints.tell()
    told = capsys.readouterr().err.splitlines()
    assert told[:3] == [HEADING, "  0 (2 times)", "  1"]
    assert told[-2:] == [f"  {MOST_LINES - 1}", "  and 8 more lines"]
    prints.tell()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("end", ["\n", ""])
def test_a_long_line_is_one(end: str, capsys: pytest.CaptureFixture[str]) -> None:
    prints = Prints()
    prints.listen()
    for _ in range(2):
        prints.file.write("x" * 1_000_000 + "\n")
    prints.file.write("y" * (LONGEST + 1) + "\n" + "z" * LONGEST + "\n" + "w" * 100_000 + end)
    prints.file.flush()
    prints.tell()
    assert capsys.readouterr().err.splitlines() == [
        HEADING,
        f"  {'x' * LONGEST}... (the rest is left out) (2 times)",
        f"  {'y' * LONGEST}... (the rest is left out)",
        f"  {'z' * LONGEST}",
        f"  {'w' * LONGEST}... (the rest is left out)",
    ]
