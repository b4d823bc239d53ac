"""The errors that a user can mend. Anything else is a bug and keeps its traceback."""

from collections.abc import Sequence


class CemError(Exception):
    """Bad input or a fault outside the program: one clear line saying what is wrong, where, and what to do.

    The command line prints `str(error)` and exits with code 2.
    """


class ConfigError(CemError):
    """Everything that is wrong with a configuration, found in one pass.

    `problems` holds one line each.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


def one_line(error: BaseException) -> str:
    """An exception in one line: its first line of text, with its type unless it is ours."""
    text = str(error).strip().partition("\n")[0]
    return text if isinstance(error, CemError) else f"{type(error).__name__}: {text}".removesuffix(": ")
