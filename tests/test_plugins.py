"""Discovery and choice: broken plugins are contained and named, and names that nothing answers to get help."""

import importlib
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

import toy
from cem_toolkit import api
from cem_toolkit.api import CemError, Context, Passage, Rewrite, Rewriter, Trainer, hookimpl
from cem_toolkit.plugins import Plugins, choose, discover, register


def install(folder: Path, name: str, code: str, entry: str | None = None) -> None:
    """Puts a plugin onto the path as an installed distribution."""
    (folder / f"{name}.py").write_text(code)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[cem_toolkit]\n{entry or name} = {name}\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    for name in ("brokenplug", "aplug", "bplug"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


OLD = """
from pydantic import Field
from cem_toolkit.api import KnowledgeSource, Options, Passage, hookimpl

class Notes(KnowledgeSource):
    name, version = "notes", "1"

    def retrieve(self, mistakes, ctx):
        for mistake in mistakes:
            yield Passage.make(text="A note.", title="Note", source="notes", licence="own", hits=())

@hookimpl
def cem_register_sources():
    return [Notes]
"""


def test_a_plugin_of_an_older_api_runs_and_is_told_what_took_the_place_of_what_it_uses(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(api._RENAMED, "KnowledgeSource", "Source")
    install(site, "aplug", OLD)
    found = discover()
    assert "notes" in found.names("source")
    (told,) = found.deprecated
    assert str(told.distribution) == "aplug 1.0"
    assert told.message == "cem_toolkit.api.KnowledgeSource is now called Source"


def test_a_plugin_of_a_newer_api_is_left_out_and_says_what_to_do(site: Path) -> None:
    install(site, "brokenplug", "cem_api = '99.0'")
    reason = reasons(discover())["brokenplug"]
    assert reason.startswith("was made for plugin API 99.0") and reason.endswith("pip install -U cem-toolkit")


def reasons(found: Plugins) -> dict[str, str]:
    return {broken.name: broken.reason for broken in found.broken}


def test_the_built_in_miner_rewriter_and_mixer_are_there() -> None:
    found = discover()
    assert "cem" in found.names("miner")
    assert "rules" in found.names("rewriter")
    assert "cem" in found.names("mixer")


def test_a_run_may_have_several_sources_and_rewriters_and_rules_where_none_is_named(plugins: Plugins) -> None:
    class Rewriting(Rewriter):
        name, version = "second-rewriter", "1"

        def rewrite(self, passages: Sequence[Passage], ctx: Context) -> Iterable[Rewrite]:
            return ()

    class Plugin:
        @hookimpl
        def cem_register_rewriters(self) -> list[type[Rewriter]]:
            return [Rewriting]

    register(plugins, "second", Plugin())
    base = ["toy-eval", "toy-pages", "toy-train"]
    for named, used in (([], ["rules"]), (["second-rewriter", "rules"], ["second-rewriter", "rules"])):
        choice, problems = choose(plugins, [*base, *named])
        assert choice and not problems
        assert [cls.name for cls in choice.rewriters] == used


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        (
            "from cem_toolkit.api import hookimpl\n@hookimpl\ndef cem_register_sorces(): return []",
            "PluginValidationError",
        ),
        ("from cem_toolkit.api import hookimpl\n@hookimpl\ndef cem_register_sources(): return [int]", "no subclass of"),
        ("from cem_toolkit.api import hookimpl\n@hookimpl\ndef cem_register_sources(): 1 / 0", "ZeroDivisionError"),
        (
            "from cem_toolkit.api import Source, hookimpl\nclass S(Source):\n  name='s'\n  version='1'\n"
            "@hookimpl\ndef cem_register_sources(): return [S]",
            "lacks retrieve",
        ),
        (
            "from cem_toolkit.api import Source, hookimpl\n"
            "class S(Source):\n  name='s'\n  def retrieve(self, m, c): ...\n"
            "@hookimpl\ndef cem_register_sources(): return [S]",
            "has no version",
        ),
        (
            "from cem_toolkit.api import Source, hookimpl\n"
            "class S(Source):\n  name='../s'\n  version='1'\n  def retrieve(self, m, c): ...\n"
            "@hookimpl\ndef cem_register_sources(): return [S]",
            "is called '../s'",
        ),
        (
            "from cem_toolkit.api import Rewriter, hookimpl\nclass R(Rewriter):\n  name='r'\n  version='1'\n"
            "@hookimpl\ndef cem_register_rewriters(): return [R]",
            "lacks rewrite",
        ),
    ],
)
def test_a_broken_plugin_is_contained_and_named(site: Path, code: str, said: str) -> None:
    install(site, "brokenplug", code)
    found = discover()
    assert said in reasons(found)["brokenplug"]
    assert "cem" in found.names("miner"), "the others still work"
    assert "installed but broken" in found.unknown("brokenplug")


def test_a_second_plugin_of_the_same_name_is_not_silently_lost(site: Path) -> None:
    install(site, "aplug", "", entry="same")
    install(site, "bplug", "", entry="same")
    assert "the plugin name is taken by aplug 1.0" in reasons(discover())["same"]


def test_unknown_names_get_the_nearest_and_the_pip_command(plugins: Plugins) -> None:
    _, problems = choose(plugins, ["wikki", "toy-train"])
    assert len(problems) == 1
    assert "did you mean 'wiki'" in problems[0]
    assert "pip install cem-wiki" in problems[0]


def test_a_bundled_plugin_that_is_not_installed_names_its_distribution(plugins: Plugins) -> None:
    plugins.registered = [entry for entry in plugins.registered if entry.cls.name != "wiki"]
    assert plugins.unknown("wiki") == "plugin 'wiki' is not installed: pip install cem-wiki"


def test_two_trainers_are_an_error_that_names_both(plugins: Plugins) -> None:
    _, problems = choose(plugins, ["toy-eval", "toy-pages", "toy-train", "toy-train-2"])
    assert problems == ["a run has one trainer, and plugins names 2: toy-train and toy-train-2; remove one"]


def test_no_source_is_an_error_that_says_what_to_add(plugins: Plugins) -> None:
    _, problems = choose(plugins, ["toy-train"])
    assert problems == ["no knowledge source is chosen: add one to plugins, such as `--plugins toy-train,wiki`"]


def test_one_name_in_two_distributions_is_an_error_that_names_both_classes(plugins: Plugins) -> None:
    class Other(toy.ToyTrainer):
        pass

    class Plugin:
        @hookimpl
        def cem_register_trainers(self) -> list[type[Trainer]]:
            return [Other]

    register(plugins, "other", Plugin())
    with pytest.raises(CemError, match=r"two trainers are called 'toy-train': toy\.ToyTrainer .* and .*Other"):
        plugins.get("trainer", "toy-train")
