"""`write_report`: what it writes, of whole runs and of broken-off ones."""

import re
from pathlib import Path

import pytest

from cem_toolkit.cli.summary_tables import print_summary
from cem_toolkit.folders import create_run
from cem_toolkit.report import FILES, write_report
from cem_toolkit.report.words import signed
from cem_toolkit.run import Run
from conftest import Evolve


def text_of(page: Path) -> str:
    """What the page says, without markup and data."""
    html = re.sub(r"<(script|style).*?</\1>", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_all_files_are_written_and_nothing_else_is_left(evolve: Evolve, tmp_path: Path) -> None:
    page = write_report(evolve(), tmp_path / "to" / "show")
    assert page == tmp_path / "to" / "show" / "report.html"
    assert sorted(path.name for path in page.parent.iterdir()) == sorted(FILES)


def test_figures_are_those_of_the_summary(evolve: Evolve) -> None:
    run = evolve(general=["capitals-general"])
    text = text_of(write_report(run))
    for name in ("mined", "siblings", "held_out"):
        outcome = run.summary()["rounds"][0][name]
        assert f"{outcome['right_after']} of {outcome['n']} right" in text
    assert f"{run.summary()['rounds'][0]['mined']['fixed']} fixed" in text


def test_the_random_arm_stands_beside_the_real_round(evolve: Evolve) -> None:
    run = evolve(arms=["random"])
    page = write_report(run)
    assert "this round less random passages" in text_of(page)
    assert "random passages" in (page.parent / "report.md").read_text(encoding="utf-8")


def test_what_a_run_lacks_is_said(evolve: Evolve) -> None:
    text = text_of(write_report(evolve(open_book={"passages": 0})))
    assert "No control arm was trained" in text
    assert "No open-book test was made" in text
    assert "No general task was watched" in text


def test_what_rounds_pass_on_is_told_or_why_it_is_not_known(evolve: Evolve, capsys: pytest.CaptureFixture[str]) -> None:
    for rounds in (1, 2):
        run = evolve(rounds=rounds, mixer={"token_budget": 90})
        figures = run.summary()["forgetting"]
        page = write_report(run)
        print_summary(run.summary())
        texts = [text_of(page), (page.parent / "report.md").read_text(encoding="utf-8"), capsys.readouterr().out]
        for text in texts:
            assert f"{figures['average_performance'] * 100:.1f}%" in text
            assert "average performance (AP)" in text
            assert text.count("needs a second round") == (2 if rounds == 1 else 0)
        if rounds == 2:
            assert figures["backward_transfer"] is not None
            assert all(f"{signed(figures['backward_transfer'])} points" in text for text in texts)


def test_the_course_of_the_probes_is_in_page_and_pull_request(evolve: Evolve) -> None:
    page = write_report(evolve())
    (turn,) = Run(page.parent).summary()["rounds"]
    for name in ("instructions", "safety"):
        change = turn["probes"][name]
        course = [f"{change[f'right_{when}']} of 40" for when in ("before", "after")]
        assert " ".join([name, *course]) in text_of(page)
        assert " → ".join(course) in (page.parent / "report.md").read_text(encoding="utf-8")
    assert "were not asked" in text_of(write_report(evolve(probes=False)))


def test_a_run_that_broke_off_is_told_as_far_as_it_went(evolve: Evolve, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        evolve(trainer={"fails": True})
    text = text_of(write_report(Run((tmp_path / "runs" / "latest").resolve())))
    assert "no round is finished" in text
    assert "What is the capital of Land0" in text


def test_a_run_that_has_only_begun(tmp_path: Path) -> None:
    run = create_run(tmp_path, {"model": "m", "tasks": ["t"], "seed": 0}, {"model_fingerprint": "abc"})
    assert "No question has been asked yet" in text_of(write_report(run))


def test_the_page_can_load_nothing(evolve: Evolve) -> None:
    html = write_report(evolve()).read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy
    assert "default-src &#39;none&#39;" in policy[1]
    assert "unsafe" not in policy[1]
    assert not re.search(r"<(link|img|iframe|script[^>]+src)|style=\"|@import|url\(", html)


def test_an_older_report_stays_when_a_new_one_fails(evolve: Evolve, monkeypatch: pytest.MonkeyPatch) -> None:
    run = evolve()
    before = write_report(run).read_text(encoding="utf-8")

    def broken(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("os.replace", broken)
    with pytest.raises(OSError, match="full"):
        write_report(run)
    assert (run.folder / "report.html").read_text(encoding="utf-8") == before
    assert not list(run.folder.glob(".report*"))
