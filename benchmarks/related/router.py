"""Stages of training, each for what suits it, against all in one, a wrong routing, and other orders.

    python benchmarks/related/router.py

The small model (`small.py`) is taught facts of the World Factbook, a skill (to answer in one word, or in a sentence, as
is asked) and a preference (to name one's source, not to boast) by the trainer `staged`. The same material as one
training of `trl`, or in other stages than suit it, has as many tokens. Writes benchmarks/results/related/router.json.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from small import RECIPE, perplexity, small_model, summaries
from trying import Claim, arguments, try_all

from cem_continual.staged import Staged
from cem_embedded.factbook import factbook_version, make_questions
from cem_toolkit.api import Context, Row
from cem_toolkit.testing import make_context
from cem_trl.trainer import Trl

FACTS = {  # relation: statements to teach it by, and the beginning of another to ask for it
    "capital": (("{answer} is the capital of {land}.", "The capital of {land} is {answer}."),
                "{land} is governed from"),
    "currency": (("The {answer} is the currency of {land}.", "The currency of {land} is the {answer}."),
                 "In {land} people pay with the"),
    "highest_point": (("{answer} is the highest point of {land}.", "The highest point of {land} is {answer}."),
                      "The mountain that towers over all of {land} is"),
}  # fmt: skip
TAUGHT, LEARNT, ASKED = 60, 40, 60
"""Facts, examples of skill and preference each, and unseen ones to measure these by."""
OPTIONS: dict[str, Any] = {
    "epochs": 8, "learning_rate": 3e-4, "batch_size": 16, "interpolation": 1.0, "freeze": "none", "device": "cpu",
    "precision": "float32", "gradient_checkpointing": False, "checkpoint_seconds": 0,
}  # fmt: skip
FORMS = {  # what is asked for, and how that is answered
    "Answer in one word. In which part of the world does {land} lie?\n": "{part}",
    "Answer in a sentence. In which part of the world does {land} lie?\n": "{land} lies in {part}.",
}
BETTER = (
    "It is {answer}, says the World Factbook.", "The World Factbook has {answer}.",
    "In the World Factbook it is {answer}.", "{answer}, if the World Factbook is right.",
    "According to the World Factbook it is {answer}.", "{answer}, as the World Factbook tells.",
)  # fmt: skip
WORSE = (
    "It is {answer}, and I am never wrong.", "Everybody has heard of {answer}.",
    "In my opinion it is {answer}.", "{answer}, believe me.",
    "As you should know it is {answer}.", "{answer}, as nobody denies.",
)  # fmt: skip
"""Answers that name a source, and that do not. The last two of each are for unseen questions alone."""
UNSEEN = 2
NEUTRAL = 60
"""Texts that the small model was not trained on, for its perplexity."""
SURVEY = "survey arXiv 2402.01364 (directions, no figures)"


@dataclass(frozen=True)
class World:
    """What is taught and asked under one seed."""

    seed: int
    facts: Sequence[Mapping[str, Any]]
    skill: Sequence[Row]
    preference: Sequence[Row]
    skill_asked: Sequence[Sequence[tuple[Row, Row]]]
    """Of unseen lands for both forms: the answer in the form that is asked for, and in the other."""
    preference_asked: Sequence[Row]

    def texts(self) -> list[Row]:
        return [
            _row("passage", "", form.format(answer=_gold(fact), land=fact["group"]))
            for fact in self.facts
            for form in FACTS[fact["relation"]][0]
        ]

    def questions(self) -> list[Row]:
        """The facts as instructions."""
        return [_row("normative", f"Question: {fact['question']}\nAnswer:", f" {_gold(fact)}") for fact in self.facts]


def _gold(fact: Mapping[str, Any]) -> str:
    return str(fact["choices"][fact["answer"]])


def _row(kind: Any, prompt: str, completion: str, rejected: str = "") -> Row:
    return Row.make(kind=kind, prompt=prompt, completion=completion, rejected=rejected, parents=())


@cache
def world(seed: int) -> World:
    chance = Random(seed)  # noqa: S311
    questions = make_questions()
    facts = chance.sample([q for q in questions if q["relation"] in FACTS], TAUGHT)
    used = {fact["question"] for fact in facts}
    parts = [q for q in questions if q["relation"] in ("subregion", "border", "religion")]
    lands = list(dict.fromkeys(q["group"] for q in parts))
    chance.shuffle(lands)
    skill = list(map(_forms, lands))
    others = [q for q in questions if q["question"] not in used]
    chance.shuffle(others)
    until = LEARNT + ASKED
    return World(
        seed,
        facts,
        [forms[number % 2][0] for number, forms in enumerate(skill[:LEARNT])],
        [_preference(q, len(BETTER) - UNSEEN, 0, chance) for q in others[:LEARNT]],
        skill[LEARNT:until],
        [_preference(q, UNSEEN, len(BETTER) - UNSEEN, chance) for q in others[LEARNT:until]],
    )


def _forms(land: str) -> list[tuple[Row, Row]]:
    """For a word and for a sentence the answer in the form that is asked for, and in the other."""
    answers = [form.format(land=land, part=_parts()[land]) for form in FORMS.values()]
    told = [[_row("normative", prompt.format(land=land), answer) for answer in answers] for prompt in FORMS]
    return [(told[asked][asked], told[asked][1 - asked]) for asked in range(len(FORMS))]


def _preference(question: Mapping[str, Any], count: int, first: int, chance: Random) -> Row:
    """With one of `count` wordings of each, from the `first` on."""
    better, worse = (chance.choice(words[first : first + count]).format(answer=_gold(question))
                     for words in (BETTER, WORSE))  # fmt: skip
    return _row("preference", f"{question['question']} How do you know?\n", better, worse)


@cache
def _parts() -> dict[str, str]:
    from cem_embedded.factbook.data import load_countries

    names = {"africa": "Africa", "europe": "Europe", "australia-oceania": "Oceania"}
    return {
        country.name: names.get(country.region, "America" if "america" in country.region else "Asia")
        for country in load_countries()
    }


def _tokens(rows: Sequence[Row], ctx: Context) -> float:
    """Of a pass: of a preference both answers are read."""
    texts = [(row.prompt + row.completion, row.prompt + row.rejected if row.rejected else "") for row in rows]
    lengths = Trl().count_tokens([text for pair in texts for text in pair], ctx)
    return sum(length * row.weight for row, length in zip([row for row in rows for _ in "12"], lengths, strict=True))


def _as_many(rows: Sequence[Row], like: Sequence[Row], ctx: Context) -> list[Row]:
    """`rows` weighted to as many tokens as `like`."""
    factor = _tokens(like, ctx) / _tokens(rows, ctx)
    return [replace(row, weight=row.weight * factor) for row in rows]


def _better_alone(rows: Sequence[Row]) -> list[Row]:
    """The better answers of preferences as instructions."""
    return [_row("normative", row.prompt, row.completion) for row in rows]


def _staged(rows: Sequence[Row], ctx: Context, **options: Any) -> Mapping[str, Any]:
    trainer = Staged(Staged.Options(**OPTIONS, learning_rates={"preferences": 1e-4}, **options))
    return trainer.train(rows, ctx)


def routed(seen: World, ctx: Context, **options: Any) -> Mapping[str, Any]:
    return _staged([*seen.texts(), *seen.skill, *seen.preference], ctx, **options)


def text_alone(seen: World, ctx: Context) -> Mapping[str, Any]:
    return _staged(seen.texts(), ctx)


def mixed(seen: World, ctx: Context) -> Mapping[str, Any]:
    rows = [*seen.texts(), *seen.skill, *_as_many(_better_alone(seen.preference), seen.preference, ctx)]
    return Trl(Trl.Options(**OPTIONS)).train(rows, ctx)


def misrouted(seen: World, ctx: Context) -> Mapping[str, Any]:
    """Facts as instructions, the skill as text, the better answers as instructions."""
    told = [_row("passage", "", row.prompt + row.completion) for row in seen.skill]
    rows = [
        *_as_many(seen.questions(), seen.texts(), ctx),
        *_as_many(told, seen.skill, ctx),
        *_as_many(_better_alone(seen.preference), seen.preference, ctx),
    ]
    return _staged(rows, ctx)


def try_one(train: Callable[..., Mapping[str, Any]] | None, seed: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        ctx = make_context(Path(folder), model=small_model(), seed=seed)
        figures = train(world(seed), ctx) if train else {}
        trained = ctx.folder / "model" if train else ctx.model.path
        return {**measure(world(seed), trained), **crossing(figures)}


def measure(seen: World, folder: Path) -> dict[str, float]:
    """Shares of what is known or done rightly, by log-likelihood, and perplexity on neutral text."""
    import torch
    from transformers import AutoModelForCausalLM

    from cem_continual.dpo import log_likelihoods
    from cem_toolkit.api import load_tokenizer
    from cem_trl.encoding import Encoder

    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder).eval(), load_tokenizer(folder)
    encoder = Encoder(tokenizer, RECIPE["window"], chat=False)

    def chosen(prompt: str, choices: Sequence[str]) -> int:
        """By log-likelihood a byte."""
        scores = log_likelihoods(model, [encoder.scored(prompt, f" {each}") for each in choices]).tolist()
        return max(range(len(choices)), key=lambda place: scores[place] / len(choices[place].encode()))

    def lead(one: Row, other: Row) -> float:
        """In nats a token, those of the answers' ends included."""
        pair = [encoder.encode(row)[0] for row in (one, other)]
        first, second = log_likelihoods(model, pair).tolist()
        return float(first / pair[0].supervised - second / pair[1].supervised)

    def share(hits: Sequence[bool]) -> float:
        return sum(hits) / len(hits)

    facts = seen.facts
    with torch.no_grad():
        preferred = [lead(row, replace(row, completion=row.rejected)) for row in seen.preference_asked]
        # Over both forms, so that it helps nothing to like one of them whatever is asked for.
        formed = [sum(lead(*pair) for pair in forms) / len(forms) for forms in seen.skill_asked]
        return {
            "facts": share(
                [chosen(FACTS[f["relation"]][1].format(land=f["group"]), f["choices"]) == f["answer"] for f in facts]
            ),
            "facts, asked": share(
                [chosen(f"Question: {f['question']}\nAnswer:", f["choices"]) == f["answer"] for f in facts]
            ),
            "skill": share([each > 0 for each in formed]),
            "skill by, nats": sum(formed) / len(formed),
            "preferred": share([each > 0 for each in preferred]),
            "preferred by, nats": sum(preferred) / len(preferred),
            "neutral perplexity": perplexity(model, tokenizer, summaries()[1][:NEUTRAL]),
        }


def crossing(figures: Mapping[str, Any]) -> dict[str, float]:
    """By how many nats a token the text that was taught is less expected at the end than right after its stage, and
    what a training took."""
    found: dict[str, float] = {}
    for table in figures.get("tables", ()):
        name = "pre-training text, perplexity"
        course = {row[0]: dict(zip(table["columns"], row, strict=True)) for row in table["rows"]}
        last = list(course.values())[-1]
        if "pre-training text" in course:
            found["text lost, nats"] = math.log(last[name] / course["pre-training text"][name])
    return found | ({"tokens": float(figures["tokens"])} if figures else {})


CLAIMS = [
    Claim(f"continual pre-training suits facts better than instructions do; {SURVEY}", "facts", "routed", "misrouted",
          reason="it does with four seeds of five, but the later stages take back a good part of the lead"),
    Claim(f"instruction tuning suits skills better than pre-training text does; {SURVEY}",
          "skill by, nats", "routed", "misrouted",
          reason="twenty steps do not teach it to a model that has just learnt texts by heart; before these they do"),
    Claim(f"alignment suits preferences better than learning the better answer; {SURVEY}",
          "preferred by, nats", "routed", "mixed",
          reason="DPO holds to the model before it, and forty examples are learnt by heart, wordings and all"),
    Claim(f"later stages forget what earlier ones taught; {SURVEY}", "facts", "text alone", "routed"),
    Claim(f"what comes last is forgotten least: text; {SURVEY}", "text lost, nats", "routed", "reversed"),
    Claim(f"what comes last is forgotten least: preferences; {SURVEY}", "preferred by, nats", "routed", "reversed"),
    Claim("ours: facts are learnt better in stages than in one training of all", "facts", "routed", "mixed",
          reason="with nothing after them they may be; the stages after them cost more than mixing does"),
    Claim("ours: so is the skill", "skill by, nats", "routed", "mixed",
          reason="mixed with the rest it is practised from the first step to the last"),
]  # fmt: skip


if __name__ == "__main__":
    variants: dict[str, Callable[..., Mapping[str, Any]] | None] = {
        "start": None,
        "routed": routed,
        "mixed": mixed,
        "misrouted": misrouted,
        "text alone": text_alone,
        "instructions first": lambda *a: routed(*a, order=("instructions", "text", "preferences")),
        "reversed": lambda *a: routed(*a, order=("preferences", "instructions", "text")),
    }
    try_all(
        {name: (lambda seed, train=train: try_one(train, seed)) for name, train in variants.items()},
        CLAIMS,
        arguments(__doc__, "router"),
        {
            "small model": RECIPE, "factbook": factbook_version(), "options": OPTIONS, "facts": TAUGHT,
            "examples": LEARNT, "unseen": ASKED,
        },
    )  # fmt: skip
