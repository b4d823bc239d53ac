"""Rows of a table as lines that can be read alone: "Plan: Basic; Price: 5 €"."""

from collections.abc import Iterable, Iterator, Sequence


def sentences(rows: Iterable[Sequence[str]], header: bool | None = None) -> Iterator[str]:
    """A line for each row that holds anything, its values after the names of their columns.

    `header`: whether the first row names the columns; None: it does if all its cells are filled, differ and are no
    numbers. A header with nothing below it is a line itself.
    """
    names: Sequence[str] | None = None
    told = False
    for row in rows:
        cells = [" ".join(cell.split()) for cell in row]
        if not any(cells):
            continue
        if names is None:
            if header is True or (header is None and _names_columns(cells)):
                names = cells
                continue
            names = ()
        told = True
        named = ((names[place] if place < len(names) else "", cell) for place, cell in enumerate(cells))
        yield "; ".join(f"{name}: {cell}" if name else cell for name, cell in named if cell)
    if names and not told:
        yield "; ".join(name for name in names if name)


def _names_columns(cells: Sequence[str]) -> bool:
    return (
        len(cells) > 1
        and all(cells)
        and len(set(cells)) == len(cells)
        and not any(any(char.isdigit() for char in cell) and not any(map(str.isalpha, cell)) for cell in cells)
    )
