"""The ledger: every question's history, on runs of the toy world and on run folders written by hand."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from cem_toolkit.api import Attempt, CemError, Drop, Hit, Mistake, Passage, Row
from cem_toolkit.ledger import Entry, entry, lesson_texts, read_ledger, shipped_round
from cem_toolkit.plain import brief, plain
from cem_toolkit.ranking import best_passages
from cem_toolkit.records import Record
from cem_toolkit.run import Run
from cem_toolkit.store import INFO, write_records
from conftest import Evolve

Right = Mapping[str, str]
"""Of each question "1" or "0" for every round, as in `Entry.path`."""


def write_stage(folder: Path, figures: Mapping[str, Any] | None = None, **files: Iterable[Record]) -> None:
    """A finished stage in the right form."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, records in files.items():
        write_records(folder / f"{name}.jsonl", records)
    info = {"stage": folder.as_posix().partition("/round-")[2][2:], "key": "k", "files": {}, "figures": figures or {}}
    (folder / INFO).write_text(json.dumps(info))


def write_run(
    folder: Path, rights: Right, accepted: str = "", task: str = "t", splits: Mapping[str, Any] | None = None
) -> Run:
    """A run that asks `rights`' questions; each character of `accepted` is a round, "1" where the gate let it pass."""
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text("model: m\nseed: 0\n")
    (folder / "plan.json").write_text('{"model_fingerprint": "start"}')
    (folder / "events.jsonl").write_text('{"event": "run_finished"}\n')
    base = 0
    for number in range(len(accepted) + 1):
        turn = folder / f"round-{number}"
        asked = [
            attempt(name, path[number] == "1", task, (splits or {}).get(name, "mined")) for name, path in rights.items()
        ]
        write_stage(turn / "evaluate", attempts=asked)
        if number:
            gate = {"accepted": accepted[number - 1] == "1", "base": base, "reasons": [], "checks": []}
            write_stage(turn / "gate", gate)
            write_stage(turn / "train", {"fingerprint": f"model {number}"})
            teach(turn)
            base = number if gate["accepted"] else base
    return Run(folder)


def attempt(name: str, right: bool, task: str = "t", split: Any = "mined", **more: Any) -> Attempt:
    fields: dict[str, Any] = {
        "question": f"What is {name}?",
        "choices": ("yes", "no"),
        "gold": "yes",
        "answer": "yes" if right else "no",
        "scores": (0.0, -1.0) if right else (-1.0, 0.0),
        "prompt": f"Q: What is {name}?",
        "completion": " yes",
    }
    return Attempt(**{"id": name, "task": task, "split": split, "correct": right, **fields, **more})


def mistake(name: str, task: str = "t") -> Mistake:
    queries = (f"{name} key",)
    return Mistake(id=f"m-{name}", attempt_id=name, task=task, kind="knowledge", question="", queries=queries)


def passage(name: str, *hits: Hit, source: str = "wiki") -> Passage:
    return Passage(id=f"p-{name}", text=f"{name} tells.", title=name, source=source, licence="CC0", hits=hits)


def hit(name: str, score: float = 1.0, flips: bool | None = None) -> Hit:
    return Hit(mistake_id=f"m-{name}", query=name, score=score, flips=flips)


def row(name: str, *parents: str, own: tuple[str, ...] = ()) -> Row:
    return Row(id=f"r-{name}", kind="passage", prompt="", completion=name, parents=parents, own_pairs=own)


def teach(
    turn: Path,
    mistakes: Iterable[Mistake] = (),
    passages: Iterable[Passage] = (),
    rows: Iterable[Row] = (),
    dropped: Iterable[str] = (),
) -> None:
    """The stages from mining to mixing; passages of the ids in `dropped` are dropped by the guard."""
    found, gone = list(passages), set(dropped)
    write_stage(turn / "mine", mistakes=mistakes)
    for source in {each.source for each in found}:
        write_stage(turn / "retrieve" / source, passages=[each for each in found if each.source == source])
    drops = [Drop(id=each, stage="retrieve", reason="13-gram", question_id="x") for each in sorted(gone)]
    write_stage(turn / "guard", passages=[each for each in found if each.id not in gone], dropped=drops)
    write_stage(turn / "mix", rows=rows, dropped=[])


def by_id(run: Run) -> dict[str, Entry]:
    return {found.id: found for found in read_ledger(run)}


def test_statuses_agree_with_the_summary(evolve: Evolve) -> None:
    run = evolve(general=["capitals-general"], trainer={"forgets": 2})
    (turn,) = run.summary()["rounds"]
    entries = [found for found in read_ledger(run) if not found.reviewed]
    for split, name in (("mined", "mined"), ("sibling", "siblings"), ("held_out", "held_out")):
        of = [found for found in entries if found.split == split]
        for status in ("fixed", "broken"):
            assert sum(found.status == status for found in of) == turn[name][status]
        assert len(of) == turn[name]["n"]
    assert {found.task for found in entries} == {"capitals", "capitals-general"}


def test_a_fixed_mistake_leads_to_its_queries_passages_and_rows(evolve: Evolve) -> None:
    run = evolve()
    fixed = next(found for found in read_ledger(run) if found.status == "fixed" and found.split == "mined")
    assert fixed.path == "01"
    assert [(given.round, given.correct) for given in fixed.answers] == [(0, False), (1, True)]
    assert fixed.answers[0].margin < 0 < fixed.answers[1].margin
    (lesson,) = fixed.lessons
    assert lesson.status == fixed.lesson_status == "trained"
    assert lesson.queries
    assert lesson.passages[0].title in fixed.question
    assert lesson.passages[0].flips is True, "the toy model reads"
    texts = lesson_texts(run, fixed)
    assert fixed.gold in texts.passages[lesson.passages[0].id].text
    assert {texts.rows[reference.id].kind for reference in lesson.rows} == {reference.kind for reference in lesson.rows}


def test_an_entry_is_json_under_the_documented_names(evolve: Evolve) -> None:
    run = evolve()
    found = next(found for found in read_ledger(run) if found.lessons)
    data = json.loads(json.dumps({**found.to_json(), **lesson_texts(run, found).to_json()}, allow_nan=False))
    documented = Path(__file__).parents[1].joinpath("docs", "ledger.md").read_text()
    (lesson,) = data["lessons"]
    for name in (*data, *data["answers"][0], *lesson, *lesson["passages"][0], *lesson["rows"][0]):
        assert f"`{name}`" in documented


def test_numbers_that_json_lacks_are_null(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"a": "1"})
    write_stage(run.start.folder / "evaluate", attempts=[attempt("a", True, scores=(float("-inf"), float("-inf")))])
    (found,) = read_ledger(run)
    assert found.to_json()["answers"][0]["margin"] is None


def test_a_rejected_rounds_model_is_not_the_shipped_one(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"a": "010", "b": "011", "c": "101", "d": "100", "e": "000"}, accepted="01")
    assert shipped_round(run) == 2
    statuses = {name: (found.path, found.status) for name, found in by_id(run).items()}
    assert statuses == {
        "a": ("010", "still wrong"),
        "b": ("011", "fixed"),
        "c": ("101", "kept right"),
        "d": ("100", "broken"),
        "e": ("000", "still wrong"),
    }


def test_where_every_round_was_rejected_the_starting_model_is_shipped(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"a": "01", "b": "10"}, accepted="0")
    assert {found.status for found in read_ledger(run)} == {"still wrong", "kept right"}


def test_how_far_each_mistake_came(tmp_path: Path) -> None:
    names = ("skipped", "unfound", "leaking", "untrained", "trained")
    run = write_run(tmp_path / "run", {**dict.fromkeys(names, "00"), "right": "11", "apart": "00"}, accepted="1")
    write_stage(
        run.start.folder / "evaluate",
        attempts=[*(attempt(name, False) for name in names), attempt("right", True), attempt("apart", False, split="")],
    )
    teach(
        run.round(1).folder,
        [mistake(name) for name in names[1:]],
        [passage("leak", hit("leaking")), passage("good", hit("trained")), passage("spare", hit("untrained"))],
        [row("good", "p-good", "m-trained")],
        dropped=["p-leak"],
    )
    found = by_id(run)
    assert {name: each.lesson_status for name, each in found.items()} == {
        "skipped": "not looked up",
        "unfound": "never retrieved",
        "leaking": "dropped as leak",
        "untrained": "retrieved, not trained",
        "trained": "trained",
        "right": "",
        "apart": "",
    }
    (drop,) = found["leaking"].lessons[0].drops
    assert (drop.id, drop.reason) == ("p-leak", "13-gram")
    assert lesson_texts(run, found["leaking"]).passages["p-leak"].title == "leak"


def test_rows_that_name_only_a_passage_belong_to_the_mistakes_it_was_found_for(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"a": "01", "b": "00"}, accepted="1")
    both = passage("both", hit("a"), hit("b"))
    teach(run.round(1).folder, [mistake("a"), mistake("b")], [both], [row("x", "p-both"), row("y", "m-b")])
    rows = {name: [each.id for each in found.lessons[0].rows] for name, found in by_id(run).items()}
    assert rows == {"a": ["r-x"], "b": ["r-x", "r-y"]}


def test_a_passage_that_two_queries_found_ranks_by_both_as_it_does_for_the_mixer(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"a": "01"}, accepted="1")
    found = [passage("one", hit("a", 0.9)), passage("two", hit("a", 0.5), hit("a", 0.6))]
    teach(run.round(1).folder, [mistake("a")], found)
    (told,) = read_ledger(run)
    ranked = [each.title for each in told.lessons[0].passages]
    assert ranked == ["two", "one"]
    assert ranked == [each.title for each in best_passages(found, [mistake("a")], 2)["m-a"]]


def test_passages_are_ranked_within_their_sources(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"a": "01"}, accepted="1")
    found = [
        passage("w2", hit("a", 0.2), hit("a", 0.1)),
        passage("w1", hit("a", 0.9, flips=False)),
        passage("z1", hit("a", 300.0), source="zeta"),
    ]
    teach(run.round(1).folder, [mistake("a")], found)
    (told,) = read_ledger(run)
    assert [(each.title, each.rank, each.flips) for each in told.lessons[0].passages] == [
        ("w1", 0, False),
        ("z1", 1, None),
        ("w2", 2, None),
    ]


def test_the_same_question_in_two_tasks_has_two_histories(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"a": "01"}, accepted="1")
    for number, right in enumerate((False, True)):
        asked = [attempt("a", right), attempt("a", False, task="u")]
        write_stage(run.round(number).folder / "evaluate", attempts=asked)
    teach(run.round(1).folder, [mistake("a", "u")])
    assert {found.task: (found.status, len(found.lessons)) for found in read_ledger(run)} == {
        "t": ("fixed", 0),
        "u": ("still wrong", 1),
    }
    with pytest.raises(CemError, match="2 questions match"):
        entry(run, "a")
    assert entry(run, "u:a").task == "u"


def test_reviewed_is_what_the_shipped_model_was_trained_on(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"a": "111", "b": "111"}, accepted="01")
    teach(run.round(1).folder, rows=[row("x", "a", own=("a",))])
    teach(run.round(2).folder, rows=[row("y", "b", own=("b",))])
    assert {name: found.reviewed for name, found in by_id(run).items()} == {"a": False, "b": True}


def test_a_mistake_before_a_rejected_round_is_looked_up_again(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"a": "010"}, accepted="01")
    teach(run.round(1).folder, [mistake("a")], [passage("x", hit("a"))], [row("x", "p-x")])
    teach(run.round(2).folder, [mistake("a")])
    (found,) = read_ledger(run)
    assert [(lesson.round, lesson.status) for lesson in found.lessons] == [(1, "trained"), (2, "never retrieved")]
    assert found.lesson_status == "trained", "of the lesson that came furthest"


def test_a_round_that_was_not_evaluated_yet_tells_what_was_looked_up(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"a": "0"})
    teach(run.round(1).folder, [mistake("a")], [passage("x", hit("a"))])
    (found,) = read_ledger(run)
    assert (found.path, found.status, found.lesson_status) == ("0", "still wrong", "retrieved, not trained")


def test_before_any_evaluation_the_error_says_how_to_go_on(tmp_path: Path) -> None:
    with pytest.raises(CemError, match="has not been evaluated yet; `cem-toolkit resume"):
        next(read_ledger(Run(tmp_path)))


@pytest.mark.parametrize("name", ["evaluate/attempts", "mine/mistakes", "guard/passages", "mix/rows"])
@pytest.mark.parametrize("line", ['{"id": "x"', '{"id": "x"}', "[]", '{"id": "x", "hits": [{}]}'])
def test_a_damaged_line_is_named(tmp_path: Path, name: str, line: str) -> None:
    run = write_run(tmp_path / "run", {"a": "01"}, accepted="1")
    teach(run.round(1).folder, [mistake("a")], [passage("x", hit("a"))], [row("x", "p-x")])
    path = run.round(1).folder / f"{name}.jsonl"
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(CemError, match=rf"{path.name}:2: is no \w+ record"):
        list(read_ledger(run))


def test_finding_a_question(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"abcd12": "1", "abcd34": "0", "the Nile": "1", "the Nile delta": "1"})
    assert entry(run, "abcd12").id == "abcd12"
    assert entry(run, "abcd3").id == "abcd34"
    assert entry(run, "t:abcd3").id == "abcd34"
    assert entry(run, "nile DELTA").id == "the Nile delta"
    assert entry(run, "delt").id == "the Nile delta"
    assert entry(run, "what is the nile").id == "the Nile", "all of its words, and no others"
    with pytest.raises(CemError, match=r"2 questions match 'abcd': t:abcd12 .*, t:abcd34"):
        entry(run, "abcd")
    with pytest.raises(CemError, match=r"no question matches 'Which Niles'; the nearest are t:the Nile \("):
        entry(run, "Which Niles")
    with pytest.raises(CemError, match="`cem-toolkit ledger` lists"):
        entry(run, "xyzzy")


def test_at_most_five_questions_are_named(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {f"river {number}": "1" for number in range(9)})
    with pytest.raises(CemError, match=r"9 questions match 'river'") as error:
        entry(run, "river")
    assert str(error.value).count("t:river") == 5


def test_text_of_strangers_cannot_steer_the_terminal() -> None:
    assert plain("a\x1b[31mred\x1b[0m\x07 \u202eb\x9b2J\nc\t\ud800") == "a[31mred[0m b2J\nc\t\ufffd"
    assert plain("नमस्ते 👩‍🚀 שלום") == "नमस्ते 👩‍🚀 שלום", "what joins letters stays"
    assert brief("one\ntwo   three " * 9, 12) == "one two thr…"
