"""Rows into token ids and labels, in the tokens that lm-eval scores."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from cem_toolkit.api import CemError, Row

IGNORED = -100
"""The label of tokens without loss, as PyTorch's cross entropy has it."""


@dataclass(frozen=True, slots=True)
class Example:
    """One training sequence: token ids, and a label for each (the token itself, or IGNORED)."""

    input_ids: list[int]
    labels: list[int]

    @property
    def supervised(self) -> int:
        """Tokens with loss. The first token is never predicted."""
        return sum(label != IGNORED for label in self.labels[1:])


@dataclass
class Encoder:
    """Encodes rows by a transformers tokenizer, and keeps count of what did not fit."""

    tokenizer: Any
    max_length: int
    """Tokens of an example at most."""
    chat: bool
    """Whether prompts and completions are turns of the tokenizer's chat template."""
    split_passages: list[str] = field(default_factory=list)
    cut_prompts: list[str] = field(default_factory=list)
    too_long: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    """Ids of rows, by what befell them."""

    def __post_init__(self) -> None:
        first = self.tokenizer("").input_ids[:1]
        self._bos: list[int] = first if first == [self.tokenizer.bos_token_id] else []
        self._eos: int = self.tokenizer.eos_token_id

    def encode(self, row: Row) -> list[Example]:
        """The examples made of `row`: one, several for a long passage, none where there is nothing to learn."""
        if not row.completion.strip():
            self.empty.append(row.id)
            return []
        return list(self._instruction(row)) if row.prompt else list(self._passage(row))

    def scored(self, prompt: str, continuation: str) -> Example:
        """What lm-eval scores of `continuation` after `prompt`, with what ends neither a turn nor a text; after the
        prompt "" a text from its beginning. Prompts that are too long lose their beginning."""
        if not prompt:
            start = self.tokenizer.bos_token_id if self.tokenizer.bos_token_id is not None else self._eos
            body = self.tokenizer(continuation, add_special_tokens=False).input_ids[: self.max_length - 1]
            return Example([start, *body], [IGNORED, *body])
        if self.chat:
            turn = [{"role": "user", "content": prompt}]
            prompt = _render(self.tokenizer.apply_chat_template, turn, add_generation_prompt=True)
            continuation = continuation.lstrip() or continuation
        context = self._ids(prompt.rstrip())
        answer = self._ids(prompt + continuation)[len(context) :]
        context = context[max(0, len(context) + len(answer) - self.max_length) :]
        return Example(context + answer, [IGNORED] * len(context) + answer)

    def report(self, log: Callable[[str], None]) -> None:
        """Says what did not go in as it was."""
        for ids, what in (
            (self.split_passages, f"passages are longer than {self.max_length} tokens and were split"),
            (
                self.cut_prompts,
                f"instructions are longer than {self.max_length} tokens and lost their prompt's beginning",
            ),
            (
                self.too_long,
                f"instructions were left out: their completion alone is longer than {self.max_length} tokens",
            ),
            (self.empty, "rows were left out: they have no text to learn"),
        ):
            if ids:
                log(f"{len(ids)} {what} (the first is {ids[0]})")

    def _passage(self, row: Row) -> Iterator[Example]:
        # Text found somewhere may spell out control tokens; they are letters here.
        body = self.tokenizer(row.completion, add_special_tokens=False, split_special_tokens=True).input_ids
        body.append(self._eos)
        pieces = even_pieces(body, self.max_length - len(self._bos))
        if len(pieces) > 1:
            self.split_passages.append(row.id)
        for piece in pieces:
            ids = self._bos + piece
            yield Example(ids, list(ids))

    def _instruction(self, row: Row) -> Iterator[Example]:
        prompt, completion, end = self._turns(row) if self.chat else (row.prompt, row.completion, [self._eos])
        # As lm-eval does: spaces at the end of the prompt belong to the completion, and both are encoded together.
        context = self._ids(prompt.rstrip())
        answer = self._ids(prompt + completion)[len(context) :] + end
        room = self.max_length - len(self._bos) - len(answer)
        if room < 0:
            self.too_long.append(row.id)
            return
        asked = context[len(self._bos) :]
        if len(asked) > room:
            self.cut_prompts.append(row.id)
            asked = asked[len(asked) - room :]
        context = self._bos + asked
        yield Example(context + answer, [IGNORED] * len(context) + answer)

    def _turns(self, row: Row) -> tuple[str, str, list[int]]:
        """Prompt and completion as the chat template writes them, and the ids of what it ends a turn with."""
        answer = row.completion.strip()
        turns = [{"role": "user", "content": row.prompt}, {"role": "assistant", "content": answer}]
        prompt = _render(self.tokenizer.apply_chat_template, turns[:1], add_generation_prompt=True)
        dialogue = _render(self.tokenizer.apply_chat_template, turns)
        tail = dialogue.rpartition(answer)[2].rstrip()
        return prompt, answer, self.tokenizer(tail, add_special_tokens=False).input_ids or [self._eos]

    def _ids(self, text: str) -> list[int]:
        """The ids of `text` with one BOS at the start, where the tokenizer adds one or the text has it."""
        ids: list[int] = self.tokenizer(text, add_special_tokens=False).input_ids
        return ids if ids[:1] == self._bos else self._bos + ids


def even_pieces(ids: Sequence[int], most: int) -> list[list[int]]:
    """`ids` in as few consecutive pieces of at most `most` as can be, of about the same length."""
    count = -(-len(ids) // most)
    bounds = [round(index * len(ids) / count) for index in range(count + 1)]
    return [list(ids[start:end]) for start, end in itertools.pairwise(bounds)]


def _render(template: Callable[..., str], turns: list[dict[str, str]], **settings: Any) -> str:
    try:
        return template(turns, tokenize=False, **settings)
    except Exception as error:  # templates are programs of the model's maker and raise what they like
        raise CemError(f"the tokenizer's chat template fails on a user and an assistant turn: {error}") from error
