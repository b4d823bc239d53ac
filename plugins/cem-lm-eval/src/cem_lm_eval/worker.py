"""What runs in each of a model's processes: `python -m cem_lm_eval.worker`, started by `backends.far`.

Every process holds the whole model, answers its share of what is asked, and hands it to the first one.
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import accumulate
from typing import Any

import torch
from torch import distributed

from cem_lm_eval.options import LmEvalOptions
from cem_toolkit.api import CemError, Context, Progress
from cem_toolkit.launching import serve

Answers = list[Any]


def handle(work: str, data: Mapping[str, Any], ctx: Context) -> dict[str, Answers]:
    """Answers one request: "loglikelihood" and "score" of pairs of a prompt and its continuations, "generate_until" of
    lm-eval's own arguments."""
    asked: list[Any] = data["pairs" if "pairs" in data else "requests"]
    sizes = [len(str(each)) for each in asked]
    return {"found": shared(asked, sizes, lambda own: _answer(work, own, data["options"], _counting(ctx, asked, own)))}


def shared(asked: Sequence[Any], sizes: Sequence[int], answer: Callable[[Sequence[Any]], Answers]) -> Answers:
    """What all processes answer together, in order, in the first one; nothing in the others.

    Raises CemError as any of them did.
    """
    mine = share(sizes, rank(), world())
    found: Answers = []
    failed = ""
    try:
        found = answer(asked[mine])
    except CemError as error:
        failed = str(error)
    except torch.OutOfMemoryError:
        failed = "out of memory in a process that answers questions; lower batch_size or token_budget"
    if world() == 1:
        every = [(found, failed)]
    else:
        every = [([], "")] * world()
        distributed.gather_object((found, failed), every if rank() == 0 else None, dst=0)
        if rank():
            every = []
    for _, why in every:
        if why:
            raise CemError(why)
    return [each for part, _ in every for each in part]


def share(sizes: Sequence[int], rank: int, world: int) -> slice:
    """Which of what is asked is this process's: neighbours, for they have most in common, and about as much as others
    have."""
    total = sum(sizes)
    ends = list(accumulate(sizes))

    def place(part: int) -> int:
        return sum(end * world <= total * part for end in ends)

    return slice(place(rank), place(rank + 1))


def rank() -> int:
    return distributed.get_rank() if distributed.is_initialized() else 0


def world() -> int:
    return distributed.get_world_size() if distributed.is_initialized() else 1


def _answer(work: str, asked: Sequence[Any], options: Mapping[str, Any], ctx: Context) -> Answers:
    from lm_eval.api.instance import Instance

    from cem_lm_eval.quiet import quiet, warnings_of_lm_eval

    lm = _load(options, ctx)
    if work == "score":
        return lm.score([(prompt, continuations) for prompt, continuations in asked], ctx) if asked else []

    def instances(kind: str, arguments: Sequence[Any]) -> list[Instance]:
        return [Instance(kind, {}, tuple(each), index) for index, each in enumerate(arguments)]

    with quiet(), warnings_of_lm_eval(ctx.log), ctx.progress(work, len(asked)) as step:
        lm.report_to(step, ctx)
        if work == "generate_until":
            return list(lm.generate_until(instances(work, asked)))
        single = [(prompt, each) for prompt, continuations in asked for each in continuations]
        found = iter(lm.loglikelihood(instances(work, single)))
        return [[next(found) for _ in continuations] for _, continuations in asked]


_held: list[Any] = []


def _load(data: Mapping[str, Any], ctx: Context) -> Any:
    """The one model of this process."""
    if not _held:
        options = LmEvalOptions.model_validate(data)
        if options.backend == "vllm":
            from cem_lm_eval.backends import vllm

            _held.append(vllm.load(ctx.model, options))
        else:
            from cem_lm_eval.backends import hf

            _held.append(hf.load(ctx.model, options))
            # lm-eval knows several processes too, where there are several GPUs; here requests are shared already.
            _held[0]._rank, _held[0]._world_size = 0, 1
    return _held[0]


def _counting(ctx: Context, asked: Sequence[Any], own: Sequence[Any]) -> Context:
    """The context, with each step of this process counted for those of the others."""

    def count(part: Sequence[Any]) -> int:
        return sum(len(each[1]) if isinstance(each[1], list) else 1 for each in part)

    factor = count(asked) / max(1, count(own))

    @contextlib.contextmanager
    def progress(label: str, total: float | None) -> Iterator[Progress]:
        class Step:
            def advance(self, steps: float = 1, *, total: float | None = None, message: str | None = None) -> None:
                if steps:  # how many there are the master knows
                    step.advance(steps * factor, message=message)

        with ctx.progress(label, None) as step:
            yield Step()

    return replace(ctx, progress=progress)


def _join() -> None:
    """Makes one group of all processes of the launch, as lm-eval does, but before anything is asked."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        from accelerate import Accelerator
        from accelerate.utils import InitProcessGroupKwargs

        Accelerator(kwargs_handlers=[InitProcessGroupKwargs(timeout=timedelta(weeks=52))])


if __name__ == "__main__":
    _join()
    serve(handle)
