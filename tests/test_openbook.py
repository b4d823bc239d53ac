import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.builtin.helpers import attempt, mistake_of, passage

from cem_toolkit.api import Reading
from cem_toolkit.config import OpenBookConfig
from cem_toolkit.openbook import open_book_summary, read_passages
from cem_toolkit.testing import make_context

WRONG = attempt(answer="Lagos", scores=(-5.0, -6.0, -1.0, -4.0))
MISTAKE = mistake_of(WRONG)
TELLING = passage("N'Djamena", "It is the capital of Chad.", MISTAKE, score=1)
SILENT = passage("Chad", "Chad is a country in Africa.", MISTAKE, score=2)


class Reader:
    """Gives the choice that a prompt names besides the question 2 nats, Lagos 1 nat, any other 0."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Sequence[str]]] = []

    def __call__(self, pairs: Sequence[tuple[str, Sequence[str]]]) -> list[tuple[float, ...]]:
        self.asked += pairs
        return [
            tuple(2.0 if end.strip() in prompt else float(end == " Lagos") for end in ends) for prompt, ends in pairs
        ]


def test_passages_are_put_before_the_tasks_own_prompt(tmp_path: Path) -> None:
    reader = Reader()
    ctx = make_context(tmp_path, score=reader)
    passages, mistakes, readings = read_passages([WRONG], [MISTAKE], [TELLING, SILENT], ctx, OpenBookConfig())
    assert [prompt for prompt, _ in reader.asked] == [
        WRONG.prompt,
        f"{SILENT.text}\n\n{WRONG.prompt}",
        f"{TELLING.title}\n{TELLING.text}\n\n{WRONG.prompt}",
    ]
    assert [(r.rank, r.passage_id, r.correct, r.answer, r.margin, r.closed_margin) for r in readings] == [
        (0, SILENT.id, False, "Lagos", -1.0, -1.0),
        (1, TELLING.id, True, "N'Djamena", 1.0, -1.0),
    ]
    assert [[hit.flips for hit in each.hits] for each in passages] == [[True], [False]]
    assert [each.id for each in passages] == [TELLING.id, SILENT.id]
    assert mistakes == [MISTAKE]


def test_only_the_best_passages_are_read(tmp_path: Path) -> None:
    ctx = make_context(tmp_path, score=Reader())
    for count in (0, 1):
        options = OpenBookConfig(passages=count)
        passages, _, readings = read_passages([WRONG], [MISTAKE], [TELLING, SILENT], ctx, options)
        assert [reading.passage_id for reading in readings] == [SILENT.id][:count]
        assert passages[0].hits[0].flips is None


def test_a_passage_is_marked_for_each_mistake_alone(tmp_path: Path) -> None:
    other = attempt("What is the capital of Mali?", ("Bamako", "Lagos"), "Bamako")
    both = passage("N'Djamena", "It is the capital of Chad.", MISTAKE, mistake_of(other))
    ctx = make_context(tmp_path, score=Reader())
    mistakes = [MISTAKE, mistake_of(other)]
    (marked,), _, _ = read_passages([WRONG, other], mistakes, [both], ctx, OpenBookConfig())
    assert {hit.mistake_id: hit.flips for hit in marked.hits} == {MISTAKE.id: True, mistake_of(other).id: False}


def test_another_mistakes_passage_is_read_for_comparison_and_marks_nothing(tmp_path: Path) -> None:
    mali, niger = (
        attempt(f"What is the capital of {land}?", (town, "Lagos"), town, scores=(-2.0, -1.0))
        for land, town in (("Mali", "Bamako"), ("Niger", "Niamey"))
    )
    mistakes = [mistake_of(mali), mistake_of(niger)]
    texts = [passage("Mali", "Its capital is Bamako.", mistakes[0]), passage("Niger", "It is dry.", mistakes[1])]
    ctx = make_context(tmp_path, score=Reader())
    marked, _, readings = read_passages([mali, niger], mistakes, texts, ctx, OpenBookConfig())
    assert {(r.mistake_id, r.passage_id, r.control, r.correct) for r in readings} == {
        (mistakes[0].id, texts[0].id, False, True),
        (mistakes[0].id, texts[1].id, True, False),
        (mistakes[1].id, texts[1].id, False, False),
        (mistakes[1].id, texts[0].id, True, False),
    }
    assert [[hit.flips for hit in each.hits] for each in marked] == [[True], [False]]
    summary = open_book_summary(readings, mistakes)
    counted = ("tested", "fixed_by_best", "controlled", "fixed_by_other", "passages", "flipping")
    assert [summary[name] for name in counted] == [2, 1, 2, 0, 2, 1]
    without = read_passages([mali, niger], mistakes, texts, ctx, OpenBookConfig(control=False))[2]
    assert [reading for reading in readings if not reading.control] == without


def test_what_cannot_be_asked_is_left_untested(tmp_path: Path) -> None:
    free = attempt("Why?", (), "because")
    odd = attempt("How?", completion=" in some other words")
    mistakes = [mistake_of(free), mistake_of(odd), mistake_of(attempt("Unknown?"))]
    given = [passage("P", "Text.", *mistakes)]
    ctx = make_context(tmp_path, score=Reader())
    assert read_passages([free, odd], mistakes, given, ctx, OpenBookConfig()) == (given, mistakes, [])


def test_of_many_mistakes_some_are_drawn_by_the_seed(tmp_path: Path) -> None:
    attempts = [attempt(f"What is thing {n}?") for n in range(30)]
    mistakes = [mistake_of(each) for each in attempts]
    given = [passage("P", "Text.", *mistakes)]

    contexts = [make_context(tmp_path, score=Reader(), seed=seed) for seed in (0, 0, 1)]
    drawn = [
        [r.mistake_id for r in read_passages(attempts, mistakes, given, each, OpenBookConfig(mistakes=5))[2]]
        for each in contexts
    ]
    assert drawn[0] == drawn[1] != drawn[2] and len(drawn[0]) == 5


def test_an_evaluator_that_cannot_score_leaves_all_as_it_is(tmp_path: Path) -> None:
    said: list[str] = []
    ctx = make_context(tmp_path, log=said.append)
    result = read_passages([WRONG], [MISTAKE], [TELLING], ctx, OpenBookConfig())
    assert result == ([TELLING], [MISTAKE], []) and len(said) == 1


def test_a_contradicted_key_is_doubted(tmp_path: Path) -> None:
    """Both texts make the model surer of Lagos, and one says it of Chad's capital."""
    texts = [
        passage("Chad", "The capital of Chad is Lagos.", MISTAKE),
        passage("Lagos", "Lagos is a large city.", MISTAKE),
    ]
    said: list[str] = []
    ctx = make_context(tmp_path, score=Reader(), log=said.append)
    _, (mistake,), _ = read_passages([WRONG], [MISTAKE], texts, ctx, OpenBookConfig())
    assert mistake.kind == "doubtful_key" and said == ["1 of 1 keys doubted: what was found contradicts them"]


def reading(mistake: str, rank: int, margin: float, closed: float = -1.0) -> Reading:
    return Reading.make(
        mistake_id=mistake,
        passage_id=f"p{rank}",
        rank=rank,
        shown="",
        answer="",
        correct=margin > 0,
        margin=margin,
        closed_margin=closed,
    )


def test_summary_tells_the_best_passage_from_any() -> None:
    kinds = {"a": "knowledge", "b": "knowledge", "c": "schema", "d": "schema", "e": "unsure"}
    mistakes = [replace(MISTAKE, id=name, kind=kind) for name, kind in kinds.items()]  # type: ignore[arg-type]
    readings = [
        reading("a", 0, 2.0),
        reading("a", 1, -2.0),
        reading("b", 0, -1.0),
        reading("b", 1, 1.0),
        reading("c", 0, -3.0),
        reading("d", 0, 5.0, closed=0.5),  # right without a passage: nothing for it to set right
    ]
    summary = open_book_summary(readings, mistakes)
    assert json.loads(json.dumps(summary)) == summary
    kinds_found = summary.pop("kinds")
    assert summary == {
        "mistakes": 5,
        "read": 4,
        "right_without": 1,
        "tested": 3,
        "fixed_by_best": 1,
        "fixed_by_any": 2,
        "controlled": 0,
        "fixed_by_other": 0,
        "passages": 5,
        "flipping": 2,
        "median_gain": 0.0,
    }
    assert {kind: (each["tested"], each["fixed_by_best"]) for kind, each in kinds_found.items()} == {
        "knowledge": (2, 1),
        "schema": (1, 0),
        "unsure": (0, 0),
    }


def test_summary_of_nothing() -> None:
    assert open_book_summary([], [])["median_gain"] is None
