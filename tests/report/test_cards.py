"""The cards, the attribution and the pull-request summary, as what reads them needs them."""

from pathlib import Path

import yaml

from cem_toolkit.report import write_report
from cem_toolkit.report.markdown import escape
from conftest import Evolve


def read(page: Path, name: str) -> str:
    return (page.parent / name).read_text(encoding="utf-8")


def test_the_model_card_has_front_matter_with_held_out_results(evolve: Evolve) -> None:
    run = evolve(general=["capitals-general"])
    _, front, text = read(write_report(run), "model-card.md").split("---\n", 2)
    fields = yaml.safe_load(front)
    results = {each["dataset"]["name"]: each["metrics"][0] for each in fields["model-index"][0]["results"]}
    held_out = run.summary()["rounds"][0]["held_out"]
    found = results[f"capitals (held out), {held_out['n']} questions"]
    assert found == {
        "type": "accuracy",
        "name": "accuracy",
        "value": round(held_out["right_after"] / held_out["n"], 4),
    }
    assert not any("mined" in name for name in results)
    assert "base_model" not in fields  # a local folder is no hub id
    assert "base model’s licence applies" in text


def test_attribution_names_all_that_was_trained_on_and_nothing_else(evolve: Evolve) -> None:
    run = evolve()
    (turn,) = run.rounds
    used = {parent for row in turn.rows for parent in row.parents}
    titles = {passage.title for passage in turn.passages if passage.id in used}
    text = read(write_report(run), "ATTRIBUTION.md")
    assert "## toy-pages: CC0" in text
    assert sorted(line[2:] for line in text.splitlines() if line.startswith("- ")) == sorted(titles)


def test_the_dataset_card_counts_the_rows(evolve: Evolve) -> None:
    run = evolve()
    text = read(write_report(run), "dataset-card.md")
    passages = sum(row.kind == "passage" for row in run.rounds[0].rows)
    assert f"| passage: a passage as running text, without a prompt | {passages} |" in text
    assert "`round-1/mix/rows.jsonl`" in text


def test_leaks_that_were_removed_are_counted(evolve: Evolve) -> None:
    run = evolve(sources={"toy-pages": {"leak": True}})
    page = write_report(run)
    for reason, count in run.summary()["rounds"][0]["dropped"].items():
        assert f"{reason}: {count}" in read(page, "dataset-card.md")
        assert reason in page.read_text(encoding="utf-8")


def test_markdown_shows_text_as_it_is() -> None:
    text = escape("<script> [link](javascript:x) ![i](u) | `code` *b* @user #12 & \n# head")
    assert "<script>" not in text
    assert "\\[link\\](" in text
    assert "\\|" in text
    assert "@user" not in text
    assert "#12" not in text
    assert "\n" not in text
