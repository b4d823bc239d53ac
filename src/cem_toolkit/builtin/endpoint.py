"""Language models behind OpenAI-compatible chat endpoints, such as those of vLLM, llama.cpp and Ollama."""

import contextlib
import json
import os
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cem_toolkit.api import CemError, Context, content_id
from cem_toolkit.builtin.bounded import bounded_client
from cem_toolkit.parsing import parse_json
from cem_toolkit.searching import clean

AT_ONCE = 8
"""Requests under way at a time."""
LONGEST_REASON = 300
"""Characters of what a server says where it fails."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One model of one server."""

    url: str
    model: str
    key_env: str = ""
    """The environment variable that holds the key; empty: the server wants none."""
    key_option: str = "key_env"
    """The option that names that variable, for messages."""
    timeout: float = 60.0
    """Seconds for one request with its whole answer."""
    retries: int = 4
    """How often a request that failed for now is tried again."""

    def check(self) -> None:
        """Raises CemError where the openai package or the variable with the key is missing."""
        try:
            import openai  # noqa: F401
        except ImportError:
            raise CemError(f"asking {self.url} needs the openai package: pip install 'cem-toolkit[openai]'") from None
        if self.key_env and not os.environ.get(self.key_env):
            raise CemError(f"{self.key_option} names the environment variable {self.key_env}, which is not set")

    def ask(self, prompts: Sequence[str], max_tokens: int, ctx: Context, *, kept: str, label: str) -> list[str]:
        """Answers to `prompts`, in order, of at most `max_tokens` new tokens each. `label` is shown with the progress.

        Answers are kept in the file `kept` of the stage's folder as they come, so that a stage tried again asks for
        none twice. Requests are tried again as the openai package does it: on lost connections, timeouts, HTTP 408,
        409, 429 and 5xx; and on answers that are no chat completions. Where that does not help, CemError is raised.
        """
        self.check()
        import openai

        secret = os.environ[self.key_env] if self.key_env else "none"
        client = openai.OpenAI(
            base_url=self.url,
            api_key=secret,
            timeout=self.timeout,
            max_retries=self.retries,
            http_client=bounded_client(self.timeout),
        )

        def ask(text: str) -> str:
            for tries_left in range(self.retries, -1, -1):
                try:
                    reply = client.chat.completions.create(
                        model=self.model,
                        messages=[{"role": "user", "content": text}],
                        max_tokens=max_tokens,
                        temperature=0,
                    )
                    return _text_of(reply)
                except (
                    ValueError,
                    TypeError,
                    AttributeError,
                    LookupError,
                    RecursionError,
                ):  # whatever the package stumbles over
                    if not tries_left:
                        raise CemError(f"the language model at {self._place} answers with no chat completion") from None
            raise AssertionError

        path = ctx.folder / kept
        known = _read_answers(path)
        keys = [content_id(self.url, self.model, text) for text in prompts]
        waiting = {key: text for key, text in zip(keys, prompts, strict=True) if key not in known}
        with (
            client,
            path.open("a", encoding="utf-8") as file,
            ctx.progress(label, len(waiting)) as step,
            ThreadPoolExecutor(AT_ONCE) as pool,
        ):
            file.write("\n")  # an interrupted try may have left half a line
            asked = {pool.submit(ask, text): key for key, text in waiting.items()}
            failed: BaseException | None = None
            try:
                for done in as_completed(asked):
                    if done.cancelled():
                        continue
                    if error := done.exception():
                        failed = failed or error
                        for other in asked:  # those under way still end, and their answers are kept
                            other.cancel()
                        continue
                    key, answer = asked[done], done.result()
                    known[key] = answer
                    file.write(json.dumps({"id": key, "answer": answer}) + "\n")
                    file.flush()
                    step.advance()
            finally:
                pool.shutdown(cancel_futures=True)  # nobody waits for the rest of an interrupted try
        if isinstance(failed, openai.OpenAIError):
            raise CemError(f"the language model at {self._place} failed: {self._said(failed, secret)}")
        if failed:
            raise failed
        return [known[key] for key in keys]

    @property
    def _place(self) -> str:
        """`url` without a name and password."""
        return re.sub(r"//[^/]*@", "//", self.url)

    def _said(self, error: Exception, secret: str) -> str:
        """`error` in one line without the key, which some servers repeat when they refuse it."""
        said = str(error)
        if error.__cause__ and (cause := str(error.__cause__)) not in said:
            said = f"{said.rstrip('.')}: {cause}"
        if self.key_env:
            said = said.replace(secret, "…")
        said = " ".join(clean(said, LONGEST_REASON).split())
        return (
            said if self.key_env else f"{said}; if it wants a key, name the variable that holds it in {self.key_option}"
        )


def _text_of(reply: Any) -> str:
    """Raises TypeError, AttributeError or LookupError where it is no chat completion."""
    content = reply.choices[0].message.content
    if not isinstance(content, str | None):
        raise TypeError
    return content or ""


def _read_answers(path: Path) -> dict[str, str]:
    """Answers that an interrupted try kept, by id, from lines that were written whole."""
    answers: dict[str, str] = {}
    for line in path.read_bytes().splitlines() if path.exists() else ():
        with contextlib.suppress(ValueError, TypeError, KeyError):
            data = parse_json(line)
            if isinstance(data["answer"], str):
                answers[data["id"]] = data["answer"]
    return answers
