"""Keeping other libraries' bars and chatter off the user's terminal, whose progress the core shows."""

import contextlib
import importlib
import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any

_LOGGERS = ("lm_eval", "datasets", "huggingface_hub", "transformers", "accelerate", "peft", "httpx")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Within it lm-eval, transformers and datasets print neither bars nor warnings; errors still show.

    Leaves stdout and stderr themselves alone: the core's progress goes there.
    """
    import datasets
    import transformers.utils.logging as transformers_logging

    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    transformers_bars = transformers_logging.is_progress_bar_enabled()
    datasets_bars = not datasets.are_progress_bars_disabled()
    task, model = (importlib.import_module(f"lm_eval.{name}") for name in ("api.task", "models.huggingface"))
    with replaced(task, "tqdm", _no_bar), replaced(model, "print", _no_print):
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        transformers_logging.disable_progress_bar()
        datasets.disable_progress_bars()
        try:
            yield
        finally:
            if transformers_bars:
                transformers_logging.enable_progress_bar()
            if datasets_bars:
                datasets.enable_progress_bars()
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


@contextlib.contextmanager
def replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Sets a global of a module, or shadows a builtin there, or an attribute of an object's class, for what lm-eval has
    no switch for."""
    namespace = vars(owner)
    before = {name: namespace[name]} if name in namespace else {}
    namespace[name] = value
    try:
        yield
    finally:
        del namespace[name]
        namespace.update(before)


def _no_bar(iterable: Iterable[Any], **_: Any) -> Iterable[Any]:
    return iterable


def _no_print(*_: Any) -> None: ...


@contextlib.contextmanager
def warnings_of_lm_eval(log: Callable[[str], None], secret: str = "") -> Iterator[None]:
    """Within it each kind of lm-eval's warnings (such as of prompts cut off) is counted, and in the end logged once,
    without `secret`: errors of HTTP name the headers of their requests.

    Stands inside `quiet`, which would hide them.
    """
    seen: dict[tuple[str, int], list[str]] = {}

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.setdefault((record.pathname, record.lineno), []).append(record.getMessage())

    logger = logging.getLogger("lm_eval")
    handler, level, propagate, handlers = Collect(logging.WARNING), logger.level, logger.propagate, logger.handlers[:]
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    logger.handlers[:] = [handler]
    try:
        yield
    finally:
        logger.handlers[:] = handlers
        logger.propagate = propagate
        logger.setLevel(level)
        for messages in seen.values():
            times = f" ({len(messages)} times)" if len(messages) > 1 else ""
            said = (messages[0].strip().splitlines() or ["an error without a message"])[0]
            log(f"lm-eval: {said.replace(secret, '…') if secret else said}{times}")
