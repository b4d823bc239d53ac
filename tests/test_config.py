"""The configuration: layers, and every error at once."""

from pathlib import Path
from typing import Any

import pytest

from cem_toolkit.api import CemError, ConfigError, Preset, hookimpl
from cem_toolkit.config import Config, merge, read_yaml, resolve, set_value, with_preset
from cem_toolkit.plugins import Plugins, register


def problems(values: dict[str, Any], plugins: Plugins) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        resolve(values, plugins, "cem.yaml")
    return caught.value.problems


def test_three_errors_are_all_reported(values: dict[str, Any], plugins: Plugins) -> None:
    wrong = {**values, "rounds": 0, "modle": "x", "trainer": {"forgets": "many"}}
    lines = problems(wrong, plugins)
    assert len(lines) == 3
    assert "cem.yaml: rounds: input should be greater than or equal to 1 (got 0)" in lines
    assert "cem.yaml: modle: unknown option; did you mean 'model'?" in lines
    assert any(line.startswith("cem.yaml: trainer.forgets: input should be a valid integer") for line in lines)


def test_a_share_to_ask_again_is_above_0_and_no_more_than_all(values: dict[str, Any], plugins: Plugins) -> None:
    lines = problems({**values, "retest": {"rest": 0, "last": 1.5}}, plugins)
    assert lines == (
        "cem.yaml: retest.rest: input should be greater than 0 (got 0)",
        "cem.yaml: retest.last: input should be less than or equal to 1 (got 1.5)",
    )
    given = dict(values)
    set_value(given, "retest.rest=0.3")
    config, _ = resolve(given, plugins, "cem.yaml")
    assert (config.retest.rest, config.retest.last) == (0.3, 1.0)


def test_pieces_and_what_is_kept_of_them_are_counted(values: dict[str, Any], plugins: Plugins) -> None:
    lines = problems({**values, "pieces": {"sentences": -1, "per_mistake": 0}}, plugins)
    assert lines == (
        "cem.yaml: pieces.sentences: input should be greater than or equal to 0 (got -1)",
        "cem.yaml: pieces.per_mistake: input should be greater than or equal to 1 (got 0)",
    )


def test_a_wrong_plugin_does_not_hide_the_other_errors(values: dict[str, Any], plugins: Plugins) -> None:
    lines = problems({**values, "rounds": -1, "plugins": ["wikki", "toy-train"]}, plugins)
    assert any("rounds" in line for line in lines)
    assert any("did you mean 'wiki'" in line for line in lines)


def test_options_of_a_source_that_is_not_chosen_are_an_error(values: dict[str, Any], plugins: Plugins) -> None:
    (line,) = problems({**values, "sources": {"toy-pagse": {}}}, plugins)
    assert "sources.toy-pagse: is not among the chosen plugins (toy-pages)" in line


def test_weights_are_of_chosen_sources_and_more_than_nothing(values: dict[str, Any], plugins: Plugins) -> None:
    lines = problems({**values, "weights": {"toy-pages": 0}}, plugins)
    assert lines == ("cem.yaml: weights.toy-pages: input should be greater than 0 (got 0)",)
    (line,) = problems({**values, "weights": {"wiki": 2}}, plugins)
    assert line == "cem.yaml: weights.wiki: is not among the chosen sources; add it to plugins or remove it"


def test_missing_model_and_tasks_say_how_to_set_them(values: dict[str, Any], plugins: Plugins) -> None:
    bare = {name: value for name, value in values.items() if name not in ("model", "tasks")}
    assert problems(bare, plugins) == (
        "cem.yaml: model: is missing; set it in the configuration or by --model",
        "cem.yaml: tasks: is missing; set it in the configuration or by --tasks",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model: [a", ":1: is not YAML"),
        ("just words", "holds str"),
        ("- a\n- b", "holds list"),
        ("model: !!python/object/apply:os.system [ls]", "is not YAML"),
    ],
)
def test_a_file_that_is_no_configuration(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "cem.yaml"
    file.write_text(text)
    with pytest.raises(CemError) as caught:
        read_yaml(file)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(CemError, match="no such file; `cem-toolkit init` writes one"):
        read_yaml(tmp_path / "none.yaml")


def test_sections_merge_and_lists_are_replaced() -> None:
    below = {"trainer": {"epochs": 1, "seed": 2}, "tasks": ["a", "b"]}
    assert merge(below, {"trainer": {"epochs": 3}, "tasks": ["c"]}) == {
        "trainer": {"epochs": 3, "seed": 2},
        "tasks": ["c"],
    }


def test_set_reads_values_as_yaml() -> None:
    values: dict[str, Any] = {}
    for assignment in ("trainer.epochs=3", "sources.wiki.top_k=2", "chat_template=true", "evaluator.limit=null"):
        set_value(values, assignment)
    assert values == {
        "trainer": {"epochs": 3},
        "sources": {"wiki": {"top_k": 2}},
        "chat_template": True,
        "evaluator": {"limit": None},
    }
    with pytest.raises(CemError, match="should be NAME=VALUE"):
        set_value(values, "trainer.epochs")


def test_splits_leave_something_to_be_mined(values: dict[str, Any], plugins: Plugins) -> None:
    (line,) = problems({**values, "split": {"selection": 0.6, "stopping": 0.4}}, plugins)
    assert line.startswith("cem.yaml: split: selection and stopping together leave nothing to be mined")


def test_a_preset_fills_only_what_is_open(plugins: Plugins) -> None:
    class Ready(Preset):
        name, version, summary = "ready", "1", "for tests"

        def values(self, cache: Path) -> dict[str, Any]:
            return {"model": "preset-model", "tasks": ["preset-task"], "trainer": {"epochs": 9, "rate": 1}}

    class Plugin:
        @hookimpl
        def cem_register_presets(self) -> list[type[Preset]]:
            return [Ready]

    register(plugins, "ready", Plugin())
    said: list[str] = []
    filled = with_preset({"preset": "ready", "model": "mine", "trainer": {"epochs": 2}}, plugins, said.append)
    assert said == ["preset ready: for tests"]
    assert filled == {"model": "mine", "tasks": ["preset-task"], "trainer": {"epochs": 2, "rate": 1}}
    whole = {"model": "mine", "tasks": ["own"]}
    assert with_preset(whole, plugins, said.append) == whole, "with model and tasks given no preset is laid below"
    with pytest.raises(CemError, match="unknown preset 'redy'"):
        with_preset({"preset": "redy"}, plugins, said.append)


def test_every_option_is_described() -> None:
    assert all(field.description for field in Config.model_fields.values())
