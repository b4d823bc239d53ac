"""The small world that faults befall: questions, documents, a tiny model, and the run that uses every kind of stage."""

import json
import os
import random
from dataclasses import dataclass
from pathlib import Path

COUNTRIES = ["Chad", "Peru", "Kenya", "Nepal", "Cuba", "Ghana", "Fiji", "Iraq", "Laos", "Mali", "Oman", "Togo"]
CAPITALS = [
    "N'Djamena", "Lima", "Nairobi", "Kathmandu", "Havana", "Accra", "Suva", "Baghdad", "Vientiane", "Bamako", "Muscat",
    "Lomé",
]  # fmt: skip
SETTINGS = {
    "cache": "cache",
    "sources.docs.paths": '["documents"]',
    "mixer.token_budget": 1500,
    "trainer.batch_size": 8,
    "trainer.epochs": 2,
    "trainer.checkpoint_seconds": 0.2,
}


@dataclass(frozen=True)
class World:
    """A folder with all that a run takes."""

    folder: Path
    arms: bool = True
    """Whether control arms and a second seed are trained as well."""

    def evolve(self, out: str | Path, *more: str) -> list[str]:
        """A command line's arguments."""
        settings = [part for name, value in SETTINGS.items() for part in ("--set", f"{name}={value}")]
        arms = ["--arms", "random", "--seeds", "2"] if self.arms else []
        named = ["--model", "model", "--tasks", "capitals.jsonl", "--plugins", "wiki,docs,trl"]
        return ["evolve", *named, *settings, *arms, "--out", str(out), *more]

    def resume(self, out: str | Path, run: str = "latest") -> list[str]:
        return ["resume", run, "--out", str(out)]

    def run(self, out: str | Path) -> Path | None:
        """The folder of the only run of `out`, if one was begun."""
        link = self.folder / out / "latest"
        return link.resolve() if link.exists() else None


def make_world(folder: Path, seed: int, arms: bool = True) -> World:
    """Writes it. Call this in a process of its own: it computes with torch."""
    from cem_toolkit.testing import make_tiny_model

    chance = random.Random(seed)  # noqa: S311 (not for secrets)
    rows = [
        {
            "question": f"What is the capital of {country}?",
            "choices": [CAPITALS[(index + shift) % len(CAPITALS)] for shift in range(4)],
            "answer": 0,
            "group": country,
        }
        for index, country in enumerate(COUNTRIES)
    ]
    chance.shuffle(rows)
    documents = folder / "documents"
    documents.mkdir(parents=True)
    for country, capital in zip(COUNTRIES, CAPITALS, strict=True):
        text = f"# {country}\n\n{capital} is the seat of the government of {country}.\n\nIts markets open early.\n"
        (documents / f"{country.lower()}.md").write_text(text, encoding="utf-8")
    lines = [json.dumps(row) for row in rows]
    (folder / "capitals.jsonl").write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    make_tiny_model(folder / "model", lines)
    os.sync()
    return World(folder, arms)
