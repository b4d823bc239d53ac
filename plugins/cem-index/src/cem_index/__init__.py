"""An on-disk full-text index for knowledge sources: built once as a stream, memory-mapped afterwards."""

from cem_index.backend import IndexBackend
from cem_index.document import Document
from cem_index.index import DiskIndex
from cem_index.opening import open_index

__all__ = ["DiskIndex", "Document", "IndexBackend", "open_index"]
