"""Knowledge points of a question by a language model: the method's own way to search keys.

A few-shot prompt shows a question with its options and the entities of both, so that the right answer is not needed
(Continue Evolving from Mistakes, arXiv 2404.08707; the first example is the paper's figure's, the others are ours).
"""

import contextlib
import json
import os
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cem_toolkit.api import Attempt, CemError, Context, content_id, normalise
from cem_toolkit.builtin.keyphrases import distinct, is_telling, telling_choices
from cem_toolkit.builtin.text import STOPWORDS, is_spaceless

MAX_TOKENS = 64
"""New tokens a question: enough for about twenty points."""

_SHOTS = """\
List the knowledge points to look up for each question: the names and terms of the question and of every option.

Question: In the 2nd century, what became the Roman Empire's internal sea was ___
Options: Black Sea; Caspian Sea; Mediterranean Sea; Red Sea
Knowledge points: Roman Empire, internal sea, Red Sea, Caspian Sea, Mediterranean Sea, Black Sea

Question: Which organ of the human body makes insulin?
Options: Gall bladder; Kidney; Liver; Pancreas
Knowledge points: insulin, human body, Gall bladder, Kidney, Liver, Pancreas

Question: Who wrote the opera "The Magic Flute"?
Knowledge points: The Magic Flute, opera

"""


def prompt(question: str, choices: Sequence[str]) -> str:
    """The few-shot prompt for one question; the same for any order of its choices."""
    options = "; ".join(telling_choices(choices))
    asked = f"Question: {' '.join(question.split())}\n" + (f"Options: {options}\n" if options else "")
    return f"{_SHOTS}{asked}Knowledge points:"


def parse(output: str, question: str, choices: Sequence[str]) -> tuple[str, ...]:
    """The knowledge points in a model's output: its first line, split at commas, each once.

    The method extracts; it does not guess. So a point is kept only where all its words but stop words stand in the
    question or its choices: a small model otherwise repeats the examples, or answers the question.
    """
    line = next((line for line in output.splitlines() if line.strip()), "")
    line = re.sub(r"^\s*(?:knowledge points?|points?)\s*[:：]", "", line, flags=re.IGNORECASE)
    given = normalise(" ".join([question, *choices]))
    known = set(given.split())
    points: list[str] = []
    for point in (piece.strip(" \t.*-•\"'“”") for piece in re.split(r"[,;，、；]", line)):
        words = [word for word in normalise(point).split() if word not in STOPWORDS]
        quoted = known.issuperset(words) or (is_spaceless(point) and normalise(point) in given)
        if words and quoted and is_telling(point):
            points.append(point)
    return distinct(points)


def knowledge_points(attempts: Sequence[Attempt], outputs: Sequence[str], limit: int) -> list[tuple[str, ...]]:
    """The points of every attempt's output, at most `limit` each; empty where the output holds none."""
    pairs = zip(attempts, outputs, strict=True)
    return [parse(output, attempt.question, attempt.choices)[:limit] for attempt, output in pairs]


def check_endpoint(key_env: str) -> None:
    """Raises CemError where the openai package or the named environment variable is missing."""
    try:
        import openai  # noqa: F401
    except ImportError:
        raise CemError("llm_endpoint needs the openai package: pip install 'cem-toolkit[openai]'") from None
    if key_env and not os.environ.get(key_env):
        raise CemError(f"llm_key_env names the environment variable {key_env}, which is not set")


def ask_endpoint(prompts: Sequence[str], ctx: Context, *, endpoint: str, model: str, key_env: str) -> list[str]:
    """Answers of an OpenAI-compatible chat endpoint to `prompts`, in order; eight requests at a time.

    Answers are kept in the stage's folder as they come, so that a stage tried again asks for none twice. Requests are
    tried again as the openai package does it: on lost connections, timeouts, HTTP 408, 409, 429 and 5xx. Where that
    does not help, CemError is raised.
    """
    check_endpoint(key_env)
    import openai

    secret = os.environ[key_env] if key_env else "none"
    client = openai.OpenAI(base_url=endpoint, api_key=secret, timeout=60, max_retries=4)

    def ask(text: str) -> str:
        reply = client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": text}], max_tokens=MAX_TOKENS, temperature=0
        )
        return (reply.choices[0].message.content or "") if reply.choices else ""

    kept = ctx.folder / "knowledge-points.jsonl"
    known = _read_answers(kept)
    keys = [content_id(endpoint, model, text) for text in prompts]
    waiting = {key: text for key, text in zip(keys, prompts, strict=True) if key not in known}
    with (
        client,
        kept.open("a", encoding="utf-8") as file,
        ctx.progress("asking for knowledge points", len(waiting)) as step,
        ThreadPoolExecutor(8) as pool,
    ):
        file.write("\n")  # an interrupted try may have left half a line
        try:
            for key, answer in zip(waiting, pool.map(ask, waiting.values()), strict=True):
                known[key] = answer
                file.write(json.dumps({"id": key, "answer": answer}) + "\n")
                file.flush()
                step.advance()
        except openai.OpenAIError as error:
            pool.shutdown(cancel_futures=True)
            hint = "" if key_env else "; if it wants a key, name the variable that holds it in llm_key_env"
            raise CemError(f"the language model at {endpoint} failed: {error}{hint}") from error
    return [known[key] for key in keys]


def _read_answers(path: Path) -> dict[str, str]:
    """Answers that an interrupted try kept, by id, from lines that were written whole."""
    answers: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        with contextlib.suppress(ValueError):
            data = json.loads(line)
            answers[data["id"]] = data["answer"]
    return answers
