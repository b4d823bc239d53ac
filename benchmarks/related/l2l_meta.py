"""Makes the weights of the learned optimiser that the trainer `l2l` ships with.

    python benchmarks/related/l2l_meta.py

Meta-training on the small model, with streams of tasks made of Wikipedia's summaries; the tests are made of the World
Factbook. A task: sentences that hold one of three words, each to be answered by another word, which is drawn by chance.
All layers below the changed block stay, so that what comes to it is worked out once a task.
"""

import argparse
import re
from collections import defaultdict
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Any

import torch
from meta import START, Loss, Rule, meta_train
from small import small_model, summaries
from transformers import AutoModelForCausalLM, AutoTokenizer

from cem_continual.l2l import LEARNED, L2lOptions
from cem_continual.l2l_method import last_matrix
from cem_continual.learned import FILTER, Updates, save_updates
from cem_toolkit.api import Row
from cem_trl.encoding import IGNORED, Encoder, Example
from cem_trl.passes import padded

STREAMS, TASKS, LABELS = 150, 4, 3
SENTENCES = 20
"""Of a label."""
STEPS, BATCH = 30, 8
LONGEST = 110
"""Characters of a sentence."""
OFTEN = range(40, 400)
"""Sentences that a word stands in, to be one that tasks are made of."""
SEED = 0


class Sentences:
    """Of the summaries, by the words in them."""

    def __init__(self) -> None:
        self.by_word: dict[str, list[str]] = defaultdict(list)
        for text in summaries()[0]:
            for sentence in re.split(r"(?<=\.)\s+", text.partition(": ")[2])[:2]:
                cut = sentence.strip(" .")[:LONGEST]
                for word in {each for each in cut.split() if each.isalpha() and each.islower() and len(each) > 4}:
                    self.by_word[word].append(cut)
        self.words = sorted(word for word, found in self.by_word.items() if len(found) in OFTEN)

    def task(self, chance: Random) -> list[Row]:
        asked, answers = (chance.sample(self.words, LABELS) for _ in range(2))
        rows = []
        for word, answer in zip(asked, answers, strict=True):
            for text in chance.sample(self.by_word[word], SENTENCES):
                rows.append(
                    Row.make(kind="normative", prompt=f"{text}.\nTopic:", completion=f" {answer.title()}", parents=())
                )
        return rows


class Block:
    """The part of the model that is changed, and losses by it alone."""

    def __init__(self) -> None:
        options = L2lOptions()
        path = small_model().path
        self.model = AutoModelForCausalLM.from_pretrained(path).eval().requires_grad_(False)
        self.encoder = Encoder(AutoTokenizer.from_pretrained(path), 256, chat=False)
        name, matrix = last_matrix(self.model, options.block)
        self.layer, self.matrix = self.model.get_submodule(name), matrix
        self.rows = options.size // matrix.shape[1]
        self.start = matrix[: self.rows].clone()

    def task(self, rows: list[Row], chance: Random) -> Loss:
        """The loss on a few of `rows`, drawn at each call."""
        examples = [self.encoder.encode(row)[0] for row in rows]
        inputs, others, tokens, places = self._before(examples)

        def loss(block: torch.Tensor) -> torch.Tensor:
            drawn = torch.isin(places, torch.tensor(chance.sample(range(len(examples)), BATCH)))
            states = others[drawn] + inputs[drawn] @ torch.cat([block, self.matrix[self.rows :]]).T
            logits = self.model.lm_head(self.model.model.norm(states))
            return torch.nn.functional.cross_entropy(logits, tokens[drawn])

        return loss

    def _before(self, examples: list[Example]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Of all tokens with loss what comes to the changed layer, and what is added to what it makes of it; the tokens
        themselves, and the numbers of their examples."""
        seen: dict[str, Any] = {}
        hooks = (
            self.layer.register_forward_hook(lambda _, given, made: seen.update(inputs=given[0], made=made)),
            self.model.model.norm.register_forward_pre_hook(lambda _, given: seen.update(states=given[0])),
        )
        inputs = padded(examples)
        labels = inputs.pop("labels")[:, 1:]
        with torch.no_grad():
            self.model.model(**inputs, use_cache=False)
        for hook in hooks:
            hook.remove()
        wanted = labels != IGNORED
        others = (seen["states"] - seen["made"])[:, :-1][wanted]
        return seen["inputs"][:, :-1][wanted], others, labels[wanted], wanted.nonzero()[:, 0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=LEARNED)
    parser.add_argument("--streams", type=int, default=STREAMS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    chance, sentences, block = Random(SEED), Sentences(), Block()  # noqa: S311
    streams = [[block.task(sentences.task(chance), chance) for _ in range(TASKS)] for _ in range(given.streams)]
    rule = Rule(Updates(FILTER), L2lOptions().learning_rate)
    course = meta_train(rule, streams, block.start, steps=STEPS, log=True)
    save_updates(rule.updates, given.out)
    quarter = len(course) // 4
    print(
        f"{given.out}: {given.out.stat().st_size:,} bytes; selected weights of the task before count {START} at first; "
        f"meta loss {fmean(course[:quarter]):.2f} in the first quarter, {fmean(course[-quarter:]):.2f} in the last"
    )


if __name__ == "__main__":
    main()
