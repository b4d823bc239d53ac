"""The small sentence encoder that `ranking: hybrid` asks, and the vectors of pages that it made."""

import hashlib
import importlib.util
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cem_toolkit.errors import CemError
from cem_toolkit.files import replacing
from cem_toolkit.models import Embedder, resolve_model
from cem_toolkit.records import Model
from cem_toolkit.roles import Context

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]


def find_encoder(source: str, name: str, ctx: Context, *, always: bool = False) -> Model:
    """The encoder `name` on disk, fetched from the hub where it is not; a relative folder starts where the
    configuration lies. `always`: the source asks it whatever `ranking` says.

    Raises CemError, in the name of `source`, where it cannot be had, or the libraries that load it cannot.
    """
    missing = [library for library in ("torch", "transformers") if not importlib.util.find_spec(library)]
    if missing:
        what = "" if always else "ranking: hybrid "
        raise CemError(f"{source}: {what}needs {' and '.join(missing)}: pip install torch transformers")
    folder = ctx.config_folder / Path(name).expanduser()
    try:
        return resolve_model(str(folder) if folder.exists() else name, ctx.cache, ctx.log)
    except CemError as error:
        instead = "" if always else " (or set ranking: words)"
        raise CemError(f"{source}: encoder: {error}{instead}") from None


class Encoder:
    """Vectors of texts; the product of two is their cosine.

    Those of pages are kept in `ctx.cache`: encoding is nearly all that hybrid ranking costs, and the next round asks
    about the same pages.
    """

    def __init__(self, model: Model, ctx: Context) -> None:
        self._embedder = Embedder(model.path)
        self._ctx = ctx
        self._file = ctx.cache / f"vectors-{model.fingerprint}.npz"

    def encode_questions(self, texts: Sequence[str]) -> "list[Vector]":
        with self._ctx.progress("encode questions", len(texts)) as step:
            return list(self._embedder.embed(texts, step.advance))

    def encode_pages(self, texts: Sequence[str]) -> "list[Vector]":
        """Each distinct text is encoded once, and only those that are not in the cache."""
        keys = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() for text in texts]
        kept = self._kept()
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in kept}
        if new:
            with self._ctx.progress("encode pages", len(new)) as step:
                kept |= zip(new, self._embedder.embed(list(new.values()), step.advance), strict=True)
            self._keep(kept)
        return [kept[key] for key in keys]

    def _kept(self) -> "dict[str, Vector]":
        import numpy as np

        try:
            with np.load(self._file, allow_pickle=False) as arrays:
                return dict(zip(arrays["keys"].tolist(), arrays["vectors"], strict=True))
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):  # not there, or not whole
            return {}

    def _keep(self, vectors: "Mapping[str, Vector]") -> None:
        import numpy as np

        with replacing(self._file) as beside, beside.open("wb") as file:
            np.savez(file, keys=np.array(list(vectors)), vectors=np.stack(list(vectors.values())))
