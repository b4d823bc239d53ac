"""Finds the model that the user named, on disk, whole and safe to load."""

from cem_toolkit.models.encoder import Embedder
from cem_toolkit.models.fingerprint import fingerprint
from cem_toolkit.models.resolve import NotOnDisk, check_model, resolve_model
from cem_toolkit.models.tokenizer import load_tokenizer
from cem_toolkit.models.weights import same_weights

__all__ = ["Embedder", "NotOnDisk", "check_model", "fingerprint", "load_tokenizer", "resolve_model", "same_weights"]
