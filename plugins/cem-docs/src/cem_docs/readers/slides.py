"""PowerPoint (.pptx): each slide under its title, with its tables and the speaker's notes."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cem_docs.blocks import MAX_HEADING, Block, Document
from cem_docs.readers import tables, zips


def read(path: Path) -> Iterator[Document]:
    import pptx

    zips.check(path)
    show = pptx.Presentation(str(path))
    yield Document(_blocks(show.slides), show.core_properties.title)


def _blocks(slides: Iterable[Any]) -> Iterator[Block]:
    for number, slide in enumerate(slides, 1):
        shape = slide.shapes.title
        title = " ".join(shape.text_frame.text.split()) if shape is not None else ""
        told = list(_texts(slide, shape))
        if len(title) > MAX_HEADING or not told:
            told.insert(0, title)
        headings = (title if 0 < len(title) <= MAX_HEADING else f"Slide {number}",)
        yield from (Block(headings, text, f"slide={number}") for text in told if text.strip())


def _texts(slide: Any, title: Any) -> Iterator[str]:
    waiting = list(slide.shapes)[::-1]
    while waiting:
        shape = waiting.pop()
        if title is not None and shape.shape_id == title.shape_id:
            continue
        if hasattr(shape, "shapes"):  # a group
            waiting.extend(list(shape.shapes)[::-1])
        elif shape.has_text_frame:
            yield from (paragraph.text for paragraph in shape.text_frame.paragraphs)
        elif getattr(shape, "has_table", False):
            yield from tables.sentences([cell.text for cell in row.cells] for row in shape.table.rows)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        yield from (paragraph.text for paragraph in slide.notes_slide.notes_text_frame.paragraphs)
