"""The sentence encoder that turns texts into vectors."""

import importlib.util
from pathlib import Path

from cem_embeddings.options import EmbeddingsOptions
from cem_toolkit.api import CemError, Context, Embedder, Model, resolve_model


def find_encoder(options: EmbeddingsOptions, ctx: Context) -> Model:
    """The encoder on disk, fetched from the hub where it is not; a relative folder starts where the configuration lies.

    Raises CemError where it cannot be had, or the libraries that load it cannot.
    """
    missing = [library for library in ("torch", "transformers") if not importlib.util.find_spec(library)]
    if missing:
        raise CemError(f"embeddings: needs {' and '.join(missing)}: pip install torch transformers")
    folder = ctx.config_folder / Path(options.encoder).expanduser()
    try:
        return resolve_model(str(folder) if folder.exists() else options.encoder, ctx.cache, ctx.log)
    except CemError as error:
        raise CemError(f"embeddings: encoder: {error}") from None


def check_device(device: str) -> None:
    """Raises CemError for a device that torch does not know or have."""
    if device == "cpu":
        return  # and torch need not be loaded
    import torch

    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).partition("\n")[0]
        raise CemError(f"embeddings: device: {device!r} cannot be used: {reason}") from None


def load_encoder(model: Model, options: EmbeddingsOptions) -> Embedder:
    return Embedder(model.path, options.device, options.batch_size)
