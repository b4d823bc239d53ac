"""The sentence encoder that turns texts into vectors."""

from cem_embeddings.options import EmbeddingsOptions
from cem_toolkit import searching
from cem_toolkit.api import CemError, Context, Embedder, Model


def find_encoder(options: EmbeddingsOptions, ctx: Context) -> Model:
    """The encoder on disk, fetched from the hub where it is not; a relative folder starts where the configuration lies.

    Raises CemError where it cannot be had, or the libraries that load it cannot.
    """
    return searching.find_encoder("embeddings", options.encoder, ctx, always=True)


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
