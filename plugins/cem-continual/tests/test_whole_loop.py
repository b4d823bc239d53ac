"""The router and its stages in a whole run with lm-eval and Wikipedia's summaries; only the model is tiny."""

import json
from pathlib import Path
from typing import Any

import pytest

import cem_continual.plugin
from cem_toolkit import evolve
from cem_toolkit.plugins import discover, register
from cem_toolkit.testing import make_tiny_model

pytestmark = pytest.mark.slow
CAPITALS = {"Chad": "N'Djamena", "Peru": "Lima", "Kenya": "Nairobi", "Nepal": "Kathmandu", "Cuba": "Havana",
            "Ghana": "Accra", "Iraq": "Baghdad", "Mali": "Bamako"}  # fmt: skip


def test_a_run_routes_trains_in_stages_and_reports_what_each_cost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    towns = list(CAPITALS.values())
    rows = [
        {"question": f"What is the capital of {land}?", "choices": [towns[(n + k) % len(towns)] for k in range(4)],
         "answer": 0, "group": land}
        for n, land in enumerate(CAPITALS)
    ]  # fmt: skip
    (tmp_path / "capitals.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    make_tiny_model(tmp_path / "model", [json.dumps(row) for row in rows])
    registry = discover()
    if "router" not in registry.names("mixer"):
        register(registry, "continual", cem_continual.plugin)
    run = evolve(
        model=str(tmp_path / "model"),
        tasks=[str(tmp_path / "capitals.jsonl")],
        plugins=["wiki", "router", "staged"],
        miner={"ask_again": 0},
        mixer={"near": 1000, "options": {"token_budget": 6000}},
        trainer={"epochs": 1, "device": "cpu"},
        out=str(tmp_path / "runs"),
        cache=str(tmp_path / "cache"),
        registry=registry,
        progress=False,
    )
    turn = run.summary()["rounds"][0]
    assert turn["rows"]["preference"]
    assert turn["rows"]["passage"]
    mixed = run.rounds[0].stage("mix")
    assert mixed
    routes = [json.loads(line) for line in (mixed.folder / "routes.jsonl").read_text("utf-8").splitlines()]
    assert len(routes) == len(run.rounds[0].mistakes)
    assert {row.kind for row in run.rounds[0].rows if row.own_pairs} <= {"review"}

    trained = run.rounds[0].stage("train")
    assert trained
    (table,) = trained.figures["tables"]
    check_start(dict(zip(table["columns"], table["rows"][0], strict=True)), run)
    for report in ("report.html", "report.md"):
        text = (run.folder / report).read_text(encoding="utf-8")
        assert "What each stage cost the others" in text
        assert "the start" in text


def check_start(line: dict[str, Any], run: Any) -> None:
    """What the trainer measured of the starting model is what the evaluator did, but for number formats."""
    figures = run.start.stage("evaluate").figures
    neutral = run.summary()["rounds"][0]["neutral"]["perplexity_before"]
    assert line["neutral text, perplexity"] == pytest.approx(neutral, rel=0.01)
    for name, marks in figures["probes"].items():
        assert line[f"{name}, of {len(marks)}"] == pytest.approx(marks.count("1"), abs=1)
