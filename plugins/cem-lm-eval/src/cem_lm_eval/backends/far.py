"""A model in processes of its own, asked over `cem_toolkit.launching`.

`hf` is started once a GPU by `accelerate launch`, each process with the whole model, as lm-eval's own is. But where
lm-eval has each process make the prompts of a part of the documents, here the master makes them all and they are shared
out afterwards: examples before a question are drawn document by document, so that they would change with the number of
processes. `vllm` is one process, which spreads over GPUs by itself.
"""

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM

from cem_lm_eval.device import choose_device
from cem_lm_eval.options import LmEvalOptions
from cem_lm_eval.reporting import Pairs, Reporting
from cem_lm_eval.templates import chat_renderer
from cem_toolkit.api import CemError, Context, Model, Progress
from cem_toolkit.launching import Workers, accelerate_command

WORKER = "cem_lm_eval.worker"


def count(options: LmEvalOptions) -> int:
    """How many processes `hf` takes, or 1."""
    if options.backend != "hf" or options.processes == 1:
        return 1
    import torch

    return options.processes or max(1, torch.cuda.device_count())


def check(options: LmEvalOptions) -> None:
    """Raises CemError where there are more processes than GPUs, or one GPU is named for them all."""
    processes = count(options)
    if processes == 1:
        return
    device = choose_device(options.device)
    if options.device.startswith("cuda:"):
        raise CemError(f"device {options.device} is one GPU for {processes} processes; set it to auto")
    if device.startswith("cuda"):
        import torch

        if (there := torch.cuda.device_count()) < processes:
            raise CemError(f"processes is {processes}, and there are {there} GPUs; set it to 0 for one on each")
    elif device != "cpu":
        raise CemError(f"device {device} cannot be shared by {processes} processes; set processes to 1")


def load(model: Model, options: LmEvalOptions, processes: int, logs: Path) -> "FarLM":
    """Processes that will load the model when they are first asked."""
    command = [sys.executable, "-m", WORKER]
    if processes > 1:
        check(options)
        command = accelerate_command(WORKER, processes=processes, cpu=choose_device(options.device) == "cpu")
    return FarLM(Workers(command, log=logs / f"{options.backend}-{model.fingerprint}.log"), model, options)


class FarLM(Reporting, LM):  # type: ignore[misc]  # lm-eval has no types
    """Asks the model in the processes as lm-eval asks any."""

    tokenizer_name = ""
    """Only lm-eval's own cache of requests asks for it."""

    def __init__(self, workers: Workers, model: Model, options: LmEvalOptions) -> None:
        super().__init__()
        self.workers, self.model, self.options = workers, model, options

    @cached_property
    def apply_chat_template(self) -> Callable[..., str]:  # type: ignore[override]
        return chat_renderer(self.model, self.options)

    def close(self) -> None:
        self.workers.close()

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        def answer(asked: list[Instance]) -> Iterator[tuple[float, bool]]:
            pairs = [
                (prompt, [request.args[1] for request in of_prompt])
                for prompt, of_prompt in groupby(asked, key=lambda request: request.args[0])
            ]
            found = self._ask("loglikelihood", {"pairs": pairs})
            return ((value, greedy) for of_prompt in found for value, greedy in of_prompt)

        return self.answer_wanted(requests, answer, (0.0, False))

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        def answer(asked: list[Instance]) -> list[str]:
            return self._ask("generate_until", {"requests": [request.args for request in asked]})

        return self.answer_wanted(requests, answer, "")

    def loglikelihood_rolling(self, requests: list[Instance], disable_tqdm: bool = False) -> list[float]:
        raise NotImplementedError  # tasks that measure text are refused before

    def score(self, pairs: Pairs, ctx: Context) -> list[tuple[float, ...]]:
        with ctx.progress("score", sum(len(each) for _, each in pairs)) as step:
            self.report_to(step, ctx)
            return [tuple(scores) for scores in self._ask("score", {"pairs": pairs})]

    def _ask(self, work: str, data: Mapping[str, Any]) -> list[Any]:
        assert self.ctx is not None  # noqa: S101 (`report_to` comes before whatever is asked)
        step = self.step
        assert step is not None  # noqa: S101 (the same)

        @contextlib.contextmanager
        def progress(label: str, total: float | None) -> Iterator[Progress]:
            yield step  # the bar of the stage is there already

        ctx = replace(self.ctx, progress=progress, model=self.model, stopping=(), only=None)
        request = {**data, "options": self.options.model_dump(mode="json")}
        return list(self.workers.ask(work, request, ctx)["found"])
