"""Which weights a round selected: a file with the model that it left, beside its memories, which the next round begins
with."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cem_continual.memory import place
from cem_toolkit.api import CemError, Model, parse_json

FILE = "l2l.json"


@dataclass(frozen=True)
class Chosen:
    """The weights of the first `rows` of the matrix `name`, row by row: eight to a byte, in hexadecimal."""

    name: str
    rows: int
    weights: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def chosen_file(model: Model) -> Path:
    return place(model) / FILE


def read_chosen(model: Model) -> Chosen | None:
    """None where the model is no round's of this trainer. Raises CemError where the file is damaged."""
    file = chosen_file(model)
    if not file.is_file():
        return None
    try:
        data = parse_json(file.read_text("utf-8"))
        found = Chosen(**data)
        bytes.fromhex(found.weights)
        if not isinstance(found.name, str) or not isinstance(found.rows, int):
            raise ValueError("a name and a number of rows are needed")
    except (OSError, ValueError, TypeError) as error:
        raise CemError(f"{file} is damaged: {error}; delete it to begin without what was selected before") from error
    return found


def pack(chosen: list[bool]) -> str:
    bits = "".join("1" if each else "0" for each in chosen)
    whole = bits.ljust(-(-len(bits) // 8) * 8, "0")
    return bytes(int(whole[start : start + 8], 2) for start in range(0, len(whole), 8)).hex()


def unpack(text: str, count: int) -> list[bool] | None:
    """`count` weights; None where `text` holds another number."""
    packed = bytes.fromhex(text)
    if len(packed) != -(-count // 8):
        return None
    return [bit == "1" for byte in packed for bit in f"{byte:08b}"][:count]
