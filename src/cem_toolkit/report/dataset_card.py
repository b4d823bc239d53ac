"""The dataset card: the training rows of the rounds that made the model."""

from collections import Counter

from cem_toolkit.report.attribution import Origin, licences
from cem_toolkit.report.facts import Facts
from cem_toolkit.report.markdown import escape, front_matter, table
from cem_toolkit.report.material import read_rows

KINDS = {
    "passage": "a passage as running text, without a prompt",
    "normative": "a question that a passage answers, in the form of the task",
    "extractive": "the same with the passage before the question",
    "review": "a question that the model had right, with its answer",
    "general": "an instruction that is no question of any task",
    "preference": "a question with its answer and, as `rejected`, one that is worse",
    "forget": "what was to be unlearnt",
}


def dataset_card(facts: Facts, origins: list[Origin], *, published: bool = False) -> str:
    """A README for the training rows of the rounds that made the model.

    `published`: as it stands on the hub, where the mistakes lie beside the rows and the rest of the run does not.
    """
    rows: Counter[str] = Counter()
    tokens: Counter[str] = Counter()
    for turn in facts.lineage:
        for row in read_rows(turn.record):
            rows[row["kind"]] += 1
            tokens[row["kind"]] += round(float(row.get("tokens", 0)) * float(row.get("weight", 1)))
    dropped = sum((Counter(turn.get("dropped") or {}) for turn in facts.lineage), Counter[str]())
    leaks = "\n".join(f"- {escape(reason)}: {number:,}" for reason, number in dropped.most_common())
    name = "rows.jsonl" if published else "mix/rows.jsonl"
    paths = "\n".join(f"- `round-{turn.number}/{name}`" for turn in facts.lineage)
    front = {
        "license": "other",
        "license_name": "terms-of-the-sources",
        "language": [],
        "tags": ["cem-toolkit"],
        "task_categories": ["text-generation"],
        "configs": CONFIGS if published else None,
    }
    parts = [
        front_matter({name: value for name, value in front.items() if value}),
        f"# Training rows of {escape(facts.run.name)}",
        "What the model was trained on, made by cem-toolkit from text that was retrieved about its mistakes.",
        paths or "No rows have been made yet.",
        "## Rows",
        table(
            ["kind", "rows", "tokens a pass"],
            (
                [escape(f"{kind}: {KINDS.get(kind, '')}"), f"{n:,}", f"{tokens[kind]:,}"]
                for kind, n in rows.most_common()
            ),
        ),
        "## Leaks removed",
        leaks
        + "\n\nText that held a question together with its answer was dropped"
        + (", and is not here." if published else "; each drop is in `dropped.jsonl`.")
        if leaks
        else "None was found: no text held a question together with its answer, as far as the guard can tell.",
        "## Fields",
        FIELDS,
        *([MISTAKES] if published else []),
        "## Sources and licences",
        licences(facts, origins),
    ]
    return "\n\n".join(parts) + "\n"


def _kind(kind: str) -> str:
    return escape(f"{kind}: {KINDS.get(kind, '')}")


FIELDS = """\
One JSON object a line:

- `id`: a hash of the row's content and parents
- `kind`: as above
- `prompt`, `completion`: the loss is on all of the completion and on nothing of the prompt
- `parents`: ids of the passages, mistakes and questions that the row was made from
- `own_pairs`: ids of the questions whose own question and answer stand in the row
- `weight`: how often the row is seen in one pass
- `tokens`: its length in the model's tokens"""

CONFIGS = [
    {"config_name": "rows", "data_files": "round-*/rows.jsonl", "default": True},
    {"config_name": "mistakes", "data_files": "round-*/mistakes.jsonl"},
]
"""How the hub's viewer finds the files."""

MISTAKES = """\
## Mistakes

`round-N/mistakes.jsonl` has the questions that the model had wrong and was taught about, with all choices alike and no
answers. Questions that were held out to measure by are not here, and neither are any answers of the models."""
