"""Language models behind OpenAI-compatible chat endpoints, such as those of vLLM, llama.cpp and Ollama."""

import contextlib
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from cem_toolkit.api import CemError, Context, content_id

AT_ONCE = 8
"""Requests under way at a time."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One model of one server."""

    url: str
    model: str
    key_env: str = ""
    """The environment variable that holds the key; empty: the server wants none."""
    key_option: str = "key_env"
    """The option that names that variable, for messages."""

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
        409, 429 and 5xx. Where that does not help, CemError is raised.
        """
        self.check()
        import openai

        secret = os.environ[self.key_env] if self.key_env else "none"
        client = openai.OpenAI(base_url=self.url, api_key=secret, timeout=60, max_retries=4)

        def ask(text: str) -> str:
            reply = client.chat.completions.create(
                model=self.model,
                messages=[{"role": "user", "content": text}],
                max_tokens=max_tokens,
                temperature=0,
            )
            return (reply.choices[0].message.content or "") if reply.choices else ""

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
            raise CemError(f"the language model at {self.url} failed: {self._said(failed, secret)}")
        if failed:
            raise failed
        return [known[key] for key in keys]

    def _said(self, error: Exception, secret: str) -> str:
        """`error` without the key, which some servers repeat when they refuse it."""
        if not self.key_env:
            return f"{error}; if it wants a key, name the variable that holds it in {self.key_option}"
        return str(error).replace(secret, "…")


def _read_answers(path: Path) -> dict[str, str]:
    """Answers that an interrupted try kept, by id, from lines that were written whole."""
    answers: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        with contextlib.suppress(ValueError):
            data = json.loads(line)
            answers[data["id"]] = data["answer"]
    return answers
