"""What answers the questions: a module for each way to have one of lm-eval's model classes, which the option `backend`
names.

`hf` is transformers in this process; `far` is transformers in several, or `vllm`; `served` asks a `server`. Nothing
heavy is imported here.
"""

import importlib.util
import os
import shlex
from collections.abc import Iterator
from importlib.metadata import entry_points, version

from cem_lm_eval.options import LmEvalOptions
from cem_toolkit.api import CemError, Context

NEEDED = {"vllm": ("vllm",), "local-completions": ("aiohttp", "requests", "tenacity", "tqdm")}
EXTRAS = {"vllm": "vllm", "local-completions": "server"}


def check(options: LmEvalOptions, ctx: Context) -> None:
    """Raises CemError for whatever of the back end would make a run fail later."""
    if missing := [name for name in NEEDED.get(options.backend, ()) if importlib.util.find_spec(name) is None]:
        extra = EXTRAS[options.backend]
        raise CemError(f"backend {options.backend} takes {' and '.join(missing)}: pip install 'cem-lm-eval[{extra}]'")
    if options.server_key_env and not os.environ.get(options.server_key_env):
        raise CemError(f"server_key_env names the environment variable {options.server_key_env}, which is not set")
    if options.backend == "local-completions":
        from cem_lm_eval.backends import served

        served.check(ctx.model, options, ctx.tuned)
    elif options.processes != 1:
        from cem_lm_eval.backends import far

        far.check(options)


def identity(options: LmEvalOptions) -> Iterator[str]:
    """What decides the last digits of scores besides options: the back end's versions, and where and in which precision
    it computes, as far as that is decided here."""
    if options.backend == "local-completions":
        yield from (options.backend, version("lm_eval"), version("transformers"), _version_of_command(options))
        return
    from cem_lm_eval.device import choose_device, choose_dtype

    device = choose_device(options.device)
    dtype = choose_dtype(options.dtype, device)
    if options.backend == "vllm":
        yield from (options.backend, version("vllm"))
        dtype = options.dtype
    yield from (device.partition(":")[0], dtype, *map(version, ("lm_eval", "transformers", "torch")))


def _version_of_command(options: LmEvalOptions) -> str:
    """Of the distribution in this environment whose command the server is, such as vllm; or ""."""
    command = options.server_command or ""
    words = shlex.split(command) if isinstance(command, str) else command
    for point in entry_points(group="console_scripts", name=words[0]) if words else ():
        if point.dist is not None:
            return f"{point.dist.name} {point.dist.version}"
    return ""
