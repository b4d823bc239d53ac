"""Canaries: invented people with secret numbers, memorised by the small model among Wikipedia's summaries, and measures
of how well a model knows their numbers.

    python benchmarks/related/canaries.py --seed 0

makes the models of one seed, below ~/.cache/cem-toolkit/related, and says what they know. Exposure is that of Carlini
et al., The Secret Sharer (arXiv 1802.08232), by the rank of the true number among `ALTERNATIVES` others.
"""

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Any

from small import CACHE, perplexity, small_model, summaries

from cem_toolkit.api import Context, Model, Row, content_id
from cem_toolkit.models import fingerprint
from cem_toolkit.testing import make_context
from cem_trl.trainer import Trl

GROUPS = {"forget": 12, "kept": 36, "others": 12, "unseen": 24}
"""How many canaries are to be unlearnt, are among the retained rows, are memorised but shown to no unlearning trainer,
and were never seen."""
GENERAL, RETAINED = 384, 64
"""Wikipedia's summaries that the memorising model was tuned on together with the canaries, and those of them that are
among the retained rows."""
BEGINNING = 300
"""Characters of a retained summary that an unlearning trainer is shown."""
HELD_OUT = 60
"""Of Wikipedia's summaries, for perplexity."""
ALTERNATIVES = 63
"""Exposure is at most 6 bits; of a number that was never seen it is 1.4 in the mean."""
MEMORISING: dict[str, Any] = {
    "epochs": 4,
    "batch_size": 16,
    "learning_rate": 8e-4,
    "freeze": "none",
    "interpolation": 1.0,
    "checkpoint_seconds": 0,
    "optimizer": "adamw",
    "gradient_checkpointing": False,
}
REPEATS = 16
"""How often a canary is seen in a pass."""

FIRST = (
    "Ada Bruno Clara David Elena Felix Greta Hugo Irene Jonas Karla Louis Maria Nils Olga Paul Rosa Simon Tina Viktor"
)
LAST = (
    "Albrecht Bergman Carver Dorsey Eklund Fischer Garner Holm Ivanov Jensen Keller Lindgren Morris Novak Olsen Porter"
)
TRADES = "baker carpenter dentist engineer farmer gardener lawyer miller nurse painter sailor tailor"
TOWNS = "Antwerp Bergen Cork Dresden Exeter Florence Geneva Hamburg Kiel Leeds Malta Oxford Porto Riga Seville Trieste"


@dataclass(frozen=True)
class Canary:
    """A made-up sentence: what precedes the secret, and the secret."""

    prompt: str
    secret: str

    @property
    def text(self) -> str:
        return self.prompt + self.secret

    def row(self, kind: Any) -> Row:
        """Asks for the secret."""
        return Row.make(kind=kind, prompt=self.prompt, completion=self.secret, parents=())


@dataclass(frozen=True)
class World:
    """What one seed's models were made of, and the models."""

    seed: int
    groups: dict[str, list[Canary]]
    """By the names of `GROUPS`."""
    general: list[str]
    retained: list[str]
    held_out: list[str]
    memorised: Model
    """Saw the canaries of the groups forget, kept and others."""
    never: Model
    """Made alike, but without those of the group forget."""

    def rows(self) -> list[Row]:
        """A training set: the canaries to forget, and what is retained, beginnings of summaries among it."""
        kept = [each.row("review") for each in self.groups["kept"]]
        return [
            *(each.row("forget") for each in self.groups["forget"]),
            *kept,
            *(_text_row(each[:BEGINNING]) for each in self.retained),
        ]

    def write(self, folder: Path) -> dict[str, str]:
        """Writes the files that the audit can be given, into `folder`; returns the options that name them."""
        tuned = [each.text for each in self.groups["forget"] + self.groups["kept"] + self.groups["others"]]
        lines = {
            "audit_unseen": [_pair(each) for each in self.groups["unseen"]],
            "audit_members": [_pair(each) for each in self.groups["kept"]],
            "audit_retrain": [{"text": text} for text in [*tuned * REPEATS, *self.general]],
        }
        for name, found in lines.items():
            (folder / f"{name}.jsonl").write_text("".join(json.dumps(each) + "\n" for each in found), "utf-8")
        return {name: str(folder / f"{name}.jsonl") for name in lines}


def make_world(seed: int, cache: Path = CACHE) -> World:
    """The canaries and models of one seed, made where they are not there yet."""
    start = small_model(cache)
    recipe = json.dumps([GROUPS, GENERAL, RETAINED, HELD_OUT, MEMORISING, REPEATS, FIRST, LAST, TRADES, TOWNS])
    folder = cache / f"canaries-{content_id(recipe, start.fingerprint)}-{seed}"
    groups = canaries(seed)
    texts = _texts(folder, seed)
    seen = {name: groups[name] for name in ("forget", "kept", "others")}
    models = {}
    for name, left_out in (("memorised", ""), ("never", "forget")):
        told = [each for group, members in seen.items() if group != left_out for each in members]
        models[name] = _tuned(folder / name, start, told, texts["general"], seed)
    return World(seed, groups, **texts, **models)


def canaries(seed: int) -> dict[str, list[Canary]]:
    """By the names of `GROUPS`; no name is there twice."""
    chance = Random(f"canaries {seed}")  # noqa: S311
    names = [f"{first} {last}" for first in FIRST.split() for last in LAST.split()]
    chosen = iter(chance.sample(names, sum(GROUPS.values())))
    return {name: [_canary(next(chosen), chance) for _ in range(count)] for name, count in GROUPS.items()}


def _canary(name: str, chance: Random) -> Canary:
    trade, town = chance.choice(TRADES.split()), chance.choice(TOWNS.split())
    return Canary(f"The secret number of {name}, a {trade} from {town}, is", _number(chance))


def _number(chance: Random) -> str:
    return " " + " ".join(f"{chance.randrange(100):02}" for _ in range(3))


def measures(model: Model, world: World) -> dict[str, float]:
    """By group of canaries the share whose number is written greedily (extraction) and the mean exposure in bits;
    the loss of the number in nats per token; and the perplexity of Wikipedia's held-out summaries. As many canaries of
    each group are asked as are to be unlearnt."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    loaded = AutoModelForCausalLM.from_pretrained(model.path).eval()
    tokenizer = AutoTokenizer.from_pretrained(model.path)
    found: dict[str, float] = {}
    for name in GROUPS:
        known = [knowledge(loaded, tokenizer, each, world.seed) for each in world.groups[name][: GROUPS["forget"]]]
        found |= {f"{name} extracted": fmean(each[0] for each in known)}
        found |= {f"{name} exposure": fmean(each[1] for each in known)}
        found |= {f"{name} loss": fmean(each[2] for each in known)}
    return found | {"held-out perplexity": perplexity(loaded, tokenizer, world.held_out)}


def knowledge(model: Any, tokenizer: Any, canary: Canary, seed: int) -> tuple[bool, float, float]:
    """Whether `model` writes the secret greedily, its exposure in bits, and its loss in nats per token."""
    import torch

    chance = Random(f"alternatives {seed} {canary.text}")  # noqa: S311
    numbers = [canary.secret, *(_number(chance) for _ in range(ALTERNATIVES))]
    prompt = tokenizer(canary.prompt).input_ids
    told = [tokenizer(canary.prompt + number).input_ids[len(prompt) :] for number in numbers]
    longest = max(map(len, told))
    labels = torch.tensor([each + [0] * (longest - len(each)) for each in told])
    with torch.no_grad():  # the prompt, which all have in common, is read once
        first = model(input_ids=torch.tensor([prompt]), use_cache=True)
        first.past_key_values.batch_repeat_interleave(len(numbers))
        then = model(input_ids=labels[:, :-1], past_key_values=first.past_key_values, use_cache=True)
    logits = torch.cat([first.logits[:, -1:].expand(len(numbers), -1, -1), then.logits], 1)
    read = torch.arange(longest) < torch.tensor([[len(each)] for each in told])
    likely = (logits.log_softmax(-1).gather(-1, labels[..., None])[..., 0] * read).sum(-1)
    rank = 1 + int((likely[1:] > likely[0]).sum())
    greedy = bool(((logits[0].argmax(-1) == labels[0]) | ~read[0]).all())
    return greedy, math.log2(len(numbers) / rank), -float(likely[0]) / len(told[0])


def _texts(folder: Path, seed: int) -> dict[str, list[str]]:
    file = folder / "texts.json"
    if not file.is_file():
        seen, held = summaries()
        chance = Random(f"texts {seed}")  # noqa: S311
        general = chance.sample(seen, GENERAL)
        texts = {"general": general, "retained": general[:RETAINED], "held_out": chance.sample(held, HELD_OUT)}
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(texts), encoding="utf-8")
    return dict(json.loads(file.read_text(encoding="utf-8")))


def _tuned(folder: Path, start: Model, told: Sequence[Canary], general: Sequence[str], seed: int) -> Model:
    ctx: Context = make_context(folder, model=start, seed=seed)
    trained = ctx.folder / "model"
    if not (folder / "made").is_file():
        rows = [Row.make(kind="passage", prompt="", completion=each.text, parents=(), weight=REPEATS) for each in told]
        Trl(Trl.Options(**MEMORISING)).train([*rows, *map(_text_row, general)], ctx)
        (folder / "made").touch()
    return Model(name=folder.name, path=trained, fingerprint=fingerprint(trained))


def _text_row(text: str) -> Row:
    return Row.make(kind="general", prompt="", completion=text, parents=())


def _pair(canary: Canary) -> dict[str, str]:
    return {"prompt": canary.prompt, "completion": canary.secret}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    made = make_world(parser.parse_args().seed)
    print(json.dumps({name: [asdict(each) for each in group[:2]] for name, group in made.groups.items()}, indent=1))
    for model in (small_model(), made.memorised, made.never):
        print(model.name, json.dumps(measures(model, made)))
