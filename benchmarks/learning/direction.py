"""Does it matter what a sentence says last? The same facts in several forms, each learnt by the same model.

    python benchmarks/learning/direction.py [--seed 0] [--out benchmarks/results/direction.json]

For 150 Factbook questions of seven kinds that the model answers wrongly, the fact itself is put into one sentence by a
template: with the answer last ("The capital of Togo is Lomé."), with the answer first ("Lomé is the capital of Togo."),
or with the answer left out, to be given behind it ("Fill in the blank: ___ is the capital of Togo."). Each form is
trained on with the same review rows and nothing else, by the defaults of the trainer `trl`; `not told` are those rows
alone. Counted is what of the questions is right afterwards, and what else that was right, and not reviewed, is wrong.

This trains on the facts that are asked about, which the loop never does: it tells what a form is worth, not what the
toolkit reaches.
"""

import argparse
import json
import re
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tally import forms_table

from cem_embedded.factbook import write_questions
from cem_embedded.gemma import gguf_path
from cem_embedded.preset import ASKED
from cem_lm_eval.evaluator import LmEval
from cem_toolkit.api import Attempt, Model, Row
from cem_toolkit.builtin.blanks import BLANK
from cem_toolkit.builtin.forms import PLAIN
from cem_toolkit.builtin.rows import review_row
from cem_toolkit.machine import processor
from cem_toolkit.models import fingerprint, resolve_model
from cem_toolkit.stats import rate
from cem_toolkit.testing import make_context
from cem_trl.trainer import Trl

CACHE = Path("~/.cache/cem-toolkit").expanduser()
FACTS, REVIEWED = 150, 60
FORMS = {
    r"What is the capital of (.+)\?": ("The capital of {0} is {a}.", "{a} is the capital of {0}."),
    r"What is the highest point of (.+)\?": ("The highest point of {0} is {a}.", "{a} is the highest point of {0}."),
    r"What is the currency unit of (.+) called\?": (
        "The currency of {0} is the {a}.",
        "The {a} is the currency of {0}.",
    ),
    r"Which of these is an official language of (.+)\?": (
        "An official language of {0} is {a}.",
        "{a} is an official language of {0}.",
    ),
    r"Which of these countries shares a land border with (.+)\?": ("{0} borders {a}.", "{a} borders {0}."),
    r"From which state did (.+) become independent in \d+\?": (
        "{0} became independent from {a}.",
        "{a} once ruled over {0}.",
    ),
    r"Which city is the most populous urban area of (.+)\?": (
        "The largest city of {0} is {a}.",
        "{a} is the largest city of {0}.",
    ),
}
"""By question: the fact with the answer last, and with the answer first."""
WAYS = ("told with the answer last", "told with the answer first", "asked with the answer left out", "not told")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parents[1] / "results" / "direction.json", help="JSON to write"
    )
    given = parser.parse_args()
    model = resolve_model(str(gguf_path(CACHE / "embedded")), CACHE, print)
    with tempfile.TemporaryDirectory() as folder:
        questions = write_questions(Path(folder) / "factbook.jsonl", names=ASKED)
        start = answers(model, questions, Path(folder) / "start")
        wrong = {attempt.id: told for attempt in start if not attempt.correct and (told := forms(attempt))}
        facts = dict(list(wrong.items())[:FACTS])
        right = [attempt for attempt in start if attempt.correct]
        reviewed, unreviewed = right[:REVIEWED], right[REVIEWED:]
        result: dict[str, Any] = {"seed": given.seed, "processor": processor(), "trainer": Trl.Options().model_dump()}
        result["ways"] = {}
        for way in WAYS:
            rows = [*(row for fact in facts.values() if (row := written(way, *fact))), *map(review_row, reviewed)]
            here = Path(folder) / way
            figures = Trl(Trl.Options()).train(rows, make_context(here, model=model, seed=given.seed))
            now = {each.id: each.correct for each in answers(trained(here), questions, here)}
            counted = {
                "fixed": asdict(rate(sum(now[key] for key in facts), len(facts))),
                "broken": asdict(rate(sum(not now[each.id] for each in unreviewed), len(unreviewed))),
            }
            result["ways"][way] = {**counted, "tokens": figures["tokens"]}
            given.out.write_text(json.dumps(result, indent=1, default=str) + "\n", encoding="utf-8")
    print(forms_table(result["ways"]))


def answers(model: Model, questions: Path, folder: Path) -> list[Attempt]:
    """`model`'s answers to all questions, in an order that is the same for every model and follows no country."""
    made = LmEval().evaluate([str(questions)], make_context(folder, model=model))
    return sorted(made, key=lambda attempt: attempt.id)


def trained(folder: Path) -> Model:
    path = folder / "stage" / "model"
    return Model(name=folder.name, path=path, fingerprint=fingerprint(path))


def forms(attempt: Attempt) -> tuple[str, str, str] | None:
    """The fact that `attempt` is asked about, with the answer last and first, and the answer."""
    for asked, (last, first) in FORMS.items():
        if match := re.fullmatch(asked, attempt.question):
            return last.format(match[1], a=attempt.gold), first.format(match[1], a=attempt.gold), attempt.gold
    return None


def written(way: str, last: str, first: str, answer: str) -> Row | None:
    """The row that tells a fact in the form `way`."""
    asked = PLAIN.template.replace("{question}", f"Fill in the blank: {first.replace(answer, BLANK, 1)}")
    told = dict(zip(WAYS, (("", last), ("", first), (asked, f" {answer}")), strict=False))
    if way not in told:
        return None
    prompt, completion = told[way]
    return Row.make(kind="normative" if prompt else "passage", prompt=prompt, completion=completion, parents=(answer,))


if __name__ == "__main__":
    main()
