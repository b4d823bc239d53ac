"""What a round costs by question and by mistake, from a real run: time in the model, tokens trained on, bytes kept."""

from pathlib import Path
from typing import Any

from cem_toolkit.run import Round, Run, Stage

KEPT = ("*.json", "*.jsonl")


def workload(run: Run) -> dict[str, Any]:
    """Figures of a run's first round. Work of the model is counted in questions: what else it did in the time that one
    question of an evaluation takes, on the same machine by the same code."""
    turn, asked, wrong = run.rounds[0], len(run.questions), len(run.rounds[0].mistakes)
    question = _seconds(turn, "evaluate") / asked
    trained = _stage(turn, "train")
    return {
        "run": run.name,
        "questions": asked,
        "mistakes": wrong,
        "question_seconds": round(question, 4),
        "mining_in_questions": round(_seconds(turn, "mine") / wrong / question, 2),
        "reading_in_questions": round(_seconds(turn, "read") / wrong / question, 2),
        "question_words": round(sum(len(each.prompt.split()) for each in run.questions) / asked, 1),
        "tokens_a_mistake": round(trained.figures["tokens"] / trained.figures["epochs"] / wrong, 1),
        "rows_a_mistake": round(len(turn.rows) / wrong, 2),
        "epochs": trained.figures["epochs"],
        "bytes_a_question": round(_bytes(turn.folder / "evaluate") / asked),
        "bytes_a_mistake": round((_bytes(turn.folder) - _bytes(turn.folder / "evaluate")) / wrong),
    }


def _seconds(turn: Round, name: str) -> float:
    return _stage(turn, name).seconds


def _stage(turn: Round, name: str) -> Stage:
    if (stage := turn.stage(name)) is None:
        raise SystemExit(f"{turn.folder}: {name} is not finished")
    return stage


def _bytes(folder: Path) -> int:
    """Of records, not of models and not of control arms."""
    files = (file for pattern in KEPT for file in folder.rglob(pattern))
    return sum(file.stat().st_size for file in files if not {"model", "arms"} & {*file.relative_to(folder).parts})
