"""The one model that is ready to be asked, by whichever back end."""

import gc
from pathlib import Path

import torch

from cem_lm_eval.options import LmEvalOptions
from cem_lm_eval.reporting import Reporting
from cem_toolkit.api import Model

_held: dict[tuple[str, LmEvalOptions], Reporting] = {}


def load(model: Model, options: LmEvalOptions, logs: Path | None = None) -> Reporting:
    """The model, ready to be asked. Any other that was held is released first. What a back end's own processes print
    goes to files in the folder `logs`.

    Raises CemError where the folder holds no model that the back end can load, or one that is not in safetensors.
    """
    key = (model.fingerprint, options)
    if key not in _held:
        release()
        _held[key] = _load(model, options, logs or Path.cwd())
        # Libraries and model are a million objects that live on: looking for garbage among them, again and again, takes
        # as long as making the prompts.
        gc.freeze()
    return _held[key]


def release() -> None:
    """Gives the memory of the held model back, and ends its processes."""
    if _held:
        while _held:
            _held.popitem()[1].close()
        gc.unfreeze()
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _load(model: Model, options: LmEvalOptions, logs: Path) -> Reporting:
    if options.backend == "local-completions":
        from cem_lm_eval.backends import served

        return served.load(model, options, logs)
    from cem_lm_eval.backends import far, hf

    processes = far.count(options)
    if options.backend == "vllm" or processes > 1:
        return far.load(model, options, processes, logs)
    return hf.load(model, options)
