"""The rewriters `model` and `endpoint`: what a language model makes of passages, alone and in a run."""

import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from tests.builtin.chat import FakeServer
from tests.builtin.helpers import passage

import toy
from cem_toolkit import find_run
from cem_toolkit.api import CemError, ConfigError, Context, Drop, Evaluator, Rewrite, hookimpl
from cem_toolkit.builtin.lm_rewriters import EndpointOptions, EndpointRewriter, ModelRewriter, SelfStudyOptions
from cem_toolkit.evolving import resume
from cem_toolkit.plugins import Plugins, register
from cem_toolkit.store import read_records
from cem_toolkit.testing import make_context
from conftest import Evolve

KEY = "sk-of-nobody"
TOGO = passage("Togo", "It borders Ghana. Its capital is Lomé.")
MALI = passage(
    "Mali", "Mali borders Niger. " + "Its north is a desert of sand and of stone, and few people live there. " * 6
)
OUTPUTS = {
    "1.": " The capital of Togo is Lomé, and Ghana borders Togo.\n2. It borders Ghana.",
    "Question:": " What is the capital of Togo?\nAnswer: Lomé\nQuestion: Who rules?\nAnswer: Nobody",
    "Summary:": " Mali borders Niger, and its north is a desert.",
}


def by_opening(prompt: str) -> str:
    return next(text for opening, text in OUTPUTS.items() if prompt.endswith(f"\n{opening}"))


class Asked:
    """A language model that notes what it is asked."""

    def __init__(self, answer: Callable[[str], str] = by_opening) -> None:
        self.answer, self.prompts, self.limits = answer, list[str](), list[int]()

    def generate(self, prompts: Sequence[str], max_tokens: int) -> list[str]:
        self.prompts += prompts
        self.limits.append(max_tokens)
        return [self.answer(prompt) for prompt in prompts]


def rewrite(tmp_path: Path, *passages: Any, **options: Any) -> tuple[list[Rewrite], Asked, list[str]]:
    asked, said = Asked(), list[str]()
    ctx = make_context(tmp_path, generate=asked.generate, log=said.append)
    made = list(ModelRewriter(SelfStudyOptions(**options)).rewrite(passages, ctx))
    return made, asked, said


def test_passages_become_statements_questions_and_summaries(tmp_path: Path) -> None:
    made, _, said = rewrite(tmp_path, TOGO, MALI, questions=1)
    assert [(each.passage_id, each.kind, each.question, each.text) for each in made] == [
        (TOGO.id, "restatement", "", "The capital of Togo is Lomé, and Ghana borders Togo."),
        (TOGO.id, "question", "What is the capital of Togo?", "Lomé"),
        (MALI.id, "summary", "", "Mali borders Niger, and its north is a desert."),
    ]
    assert said == [
        "left out 2 of 5 that the language model wrote: 1 word for word, "
        "1 with an answer that does not stand in the passage"
    ]


def test_silence_is_counted_too(tmp_path: Path) -> None:
    said: list[str] = []
    ctx = make_context(tmp_path, generate=Asked(lambda prompt: "").generate, log=said.append)
    assert list(ModelRewriter(SelfStudyOptions(summary=False)).rewrite([TOGO], ctx)) == []
    assert said == ["left out 2 of 2 that the language model wrote: 2 not in the form asked for"]


@pytest.mark.parametrize(
    ("options", "openings"),
    [
        ({}, ["1.", "Question:", "Question:", "Summary:"]),
        ({"restatements": 0}, ["Question:", "Question:", "Summary:"]),
        ({"questions": 0}, ["1.", "Summary:"]),
        ({"summary": False}, ["1.", "Question:", "Question:"]),
        ({"long": 1000}, ["1.", "1.", "Question:", "Question:"]),
        ({"restatements": 0, "questions": 0, "summary": False}, []),
    ],
)
def test_no_more_is_asked_than_wanted(tmp_path: Path, options: dict[str, Any], openings: list[str]) -> None:
    _, asked, _ = rewrite(tmp_path, TOGO, MALI, **options)
    assert [prompt.rsplit("\n", 1)[1] for prompt in asked.prompts] == openings
    assert len(asked.limits) == len(set(openings))


def test_a_passage_is_seen_alone(tmp_path: Path) -> None:
    _, asked, _ = rewrite(tmp_path, TOGO, MALI)
    assert all(("Ghana" in prompt) != ("Niger" in prompt) for prompt in asked.prompts)


def test_more_than_the_examples_show_is_refused() -> None:
    for options in ({"restatements": 5}, {"questions": 5}, {"long": 0}):
        with pytest.raises(ValidationError):
            SelfStudyOptions(**options)


def options(server: FakeServer, **more: Any) -> dict[str, Any]:
    return {"url": server.url, "model": "large", **more}


def test_an_endpoint_says_what_the_own_model_would_and_is_not_asked_twice(server: FakeServer, tmp_path: Path) -> None:
    server.answer = by_opening
    rewriter = EndpointRewriter(EndpointOptions(**options(server)))
    ctx = make_context(tmp_path)
    rewriter.check(ctx)
    made = list(rewriter.rewrite([TOGO, MALI], ctx))
    assert made == rewrite(tmp_path, TOGO, MALI)[0]
    assert len(server.bodies) == 4
    assert list(rewriter.rewrite([TOGO, MALI], ctx)) == made
    assert len(server.bodies) == 4


class Talker(toy.ToyEvaluator):
    """Says of a passage what its capital is, and something else besides."""

    name = "toy-talker"
    prompts: list[str] = []

    def generate(self, prompts: Sequence[str], max_tokens: int, ctx: Context) -> list[str]:
        self.prompts.extend(prompts)
        return [tell(prompt) for prompt in prompts]


def tell(prompt: str) -> str:
    _, land, text, opening = re.split(r"(?:^|\n)(?:Title|Text): |\n", prompt)[-4:]
    town = toy.CITIES.get(land)
    if not town or town not in text:
        return ""
    if opening == "1.":
        return f" By the sea lies the capital of {land}: {town}, its capital.\n2. {land} lies in Atlantis."
    return f" Which town is the capital of {land}?\nAnswer: {town}\nQuestion: Whose capital is {town}?\nAnswer: {land}"


class Plugin:
    @hookimpl
    def cem_register_evaluators(self) -> list[type[Evaluator]]:
        return [Talker]


@pytest.fixture
def plugins(plugins: Plugins) -> Plugins:
    register(plugins, "talking", Plugin())
    return plugins


BASE = ["toy-pages", "toy-train"]


def test_the_run_s_own_model_rewrites_for_it(evolve: Evolve) -> None:
    run = evolve(plugins=["toy-talker", *BASE, "model"], arms=["random"])
    (turn,) = run.rounds
    folder = turn.folder / "rewrite" / "model"
    made = {each.kind for each in read_records(folder / "rewrites.jsonl", Rewrite)}
    assert made == {"restatement", "question", "reversed"}
    drops = list(read_records(folder / "dropped.jsonl", Drop))
    assert {drop.detail for drop in drops} == {"names 'Atlantis'"}
    capitals = {passage.id for passage in turn.passages if "Its capital" in passage.text}
    assert len(drops) == len(capitals)
    told = [row for row in turn.rows if "By the sea lies" in row.completion]
    assert {row.parents[0] for row in told} == capitals
    asking = [row.prompt for row in turn.rows if row.kind == "normative"]
    assert any("Whose capital is" in prompt for prompt in asking)
    assert not any("Which town is the capital" in prompt for prompt in asking), "which the task itself asks"
    leaks = read_records(turn.folder / "mix" / "dropped.jsonl", Drop)
    assert "near-paraphrase" in {drop.reason for drop in leaks}
    assert run.summary()["rounds"][0]["mined"]["fixed"] > 0
    asked = [attempt.question for attempt in run.start.attempts]
    assert not any(question in prompt for question in asked for prompt in Talker.prompts)


def test_both_work_beside_the_rules_and_no_secret_is_written(
    server: FakeServer, evolve: Evolve, values: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUIZ_KEY", KEY)
    server.answer = tell
    chosen = {
        "plugins": ["toy-talker", *BASE, "rules", "model", "endpoint"],
        "rewriters": {"model": {"questions": 1}, "endpoint": options(server, key_env="QUIZ_KEY")},
    }
    (turn,) = evolve(**chosen).rounds
    names = [stage.name for stage in turn.stages if stage.name.startswith("rewrite/")]
    assert set(names) == {"rewrite/rules", "rewrite/model", "rewrite/endpoint"}
    assert len({row.id for row in turn.rows}) == len(turn.rows)
    assert set(server.heads) == {f"Bearer {KEY}"}
    files = [path for path in Path(values["out"]).rglob("*") if path.is_file()]
    assert any("endpoint" in str(path) for path in files)
    assert not [path for path in files if KEY in path.read_text(encoding="utf-8", errors="replace")]
    asked = len(server.bodies)
    evolve(**chosen)
    assert len(server.bodies) == asked, "a finished stage is reused"


def test_a_run_that_the_server_breaks_goes_on_where_it_was(
    server: FakeServer, evolve: Evolve, values: dict[str, Any], plugins: Plugins
) -> None:
    answered: list[str] = []

    def answer(prompt: str) -> str:
        answered.append(prompt)
        if len(answered) == 4:
            server.failures, server.status = 100, 400
        return tell(prompt)

    server.answer = answer
    with pytest.raises(CemError, match=r"rewriters\.endpoint\.key_env"):
        evolve(plugins=["toy-eval", *BASE, "endpoint"], rewriters={"endpoint": options(server, questions=0)})
    server.failures = 0
    kept = (Path(values["out"]) / "latest").glob("round-1/rewrite/endpoint.partial/answers.jsonl")
    told = sum(line.startswith("{") for path in kept for line in path.read_text().splitlines())
    assert told
    before = len(server.bodies)
    run = resume(find_run("latest", Path(values["out"])), registry=plugins, progress=False)
    assert len(server.bodies) - before == len(run.rounds[0].passages) - told


@pytest.mark.parametrize(
    ("chosen", "given", "said"),
    [
        (["toy-eval", *BASE, "model"], {}, r"rewriter model: the evaluator 'toy-eval' cannot generate text"),
        (
            ["toy-eval", *BASE, "endpoint"],
            {"endpoint": {"url": "http://x/v1", "model": "m", "key_env": "NO_SUCH_KEY"}},
            r"rewriters\.endpoint\.key_env names the environment variable NO_SUCH_KEY, which is not set",
        ),
    ],
)
def test_what_would_fail_later_is_said_before_anything_is_written(
    evolve: Evolve, values: dict[str, Any], chosen: list[str], given: dict[str, Any], said: str
) -> None:
    with pytest.raises(CemError, match=said) as caught:
        evolve(plugins=chosen, rewriters=given)
    assert "\n" not in str(caught.value)
    assert not Path(values["out"]).exists()


def test_an_endpoint_without_address_or_model_is_a_configuration_error(evolve: Evolve) -> None:
    with pytest.raises(ConfigError) as caught:
        evolve(plugins=["toy-eval", *BASE, "endpoint"])
    assert [line.split(": ", 1)[1] for line in caught.value.problems] == [
        f"rewriters.endpoint.{name}: is missing; set it in the configuration or by --set rewriters.endpoint.{name}=…"
        for name in ("url", "model")
    ]


def test_asking_needs_the_package_only_where_it_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(CemError, match=r"cem-toolkit\[openai\]"):
        EndpointRewriter(EndpointOptions(url="http://x/v1", model="m")).check(make_context(tmp_path))
    code = "import sys; import cem_toolkit.builtin.lm_rewriters; print({'openai', 'torch'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "set()"
