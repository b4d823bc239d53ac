"""lm-eval's templates, of which it has one task's compiled anew for every document and every example; and the model's
own for chats."""

import contextlib
from collections.abc import Callable, Iterator
from functools import lru_cache

from cem_lm_eval.options import LmEvalOptions
from cem_lm_eval.quiet import replaced
from cem_toolkit.api import Model, load_tokenizer

MOST = 1_000
"""Templates that are kept: some tasks write one for each document."""


@contextlib.contextmanager
def compiled_once() -> Iterator[None]:
    """Within it each template is compiled once. Rendering takes a fraction of the time that compiling does."""
    from lm_eval.utils import env

    with replaced(env, "from_string", lru_cache(MOST)(env.from_string)):
        yield


def chat_renderer(model: Model, options: LmEvalOptions) -> Callable[..., str]:
    """What `apply_chat_template` of lm-eval's classes does, without the model's weights."""
    tokenizer = load_tokenizer(model.path, trust_remote_code=options.trust_remote_code)

    def render(messages: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        rendered: str = tokenizer.apply_chat_template(
            messages,
            tokenize=False,
            add_generation_prompt=add_generation_prompt,
            continue_final_message=not add_generation_prompt,
        )
        return rendered

    return render
