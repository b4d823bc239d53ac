"""`cem-toolkit init`: what it writes is a configuration with every option of what is installed."""

import yaml

from cem_toolkit.config import Config, resolve
from cem_toolkit.plugins import Plugins, discover
from cem_toolkit.template import configuration


def test_it_is_ready_to_run() -> None:
    plugins = discover()
    values = yaml.safe_load(configuration(plugins))
    config, crew = resolve(values, plugins, "cem.yaml")
    assert config.rounds == 1
    assert [source.name for source in crew.sources] == ["wiki"]


def test_taking_a_sign_away_sets_that_option() -> None:
    plugins = discover()
    text = configuration(plugins)
    for line in (
        "  # limit: null",
        "  # keys: keyphrase",
        "    # whole_pages: false",
        "    # statements: 4",
        "  # review: 0.5",
        "  # epochs: 3",
        "# seed: 0",
    ):
        assert f"\n{line}\n" in text, line
        text = text.replace(f"\n{line}\n", "\n" + line.replace("# ", "", 1) + "\n", 1)
    text = text.replace("  epochs: 3", "  epochs: 5").replace("\nseed: 0", "\nseed: 8")
    config, crew = resolve(yaml.safe_load(text), plugins, "cem.yaml")
    assert config.seed == 8
    assert crew.trainer.options.epochs == 5


def test_every_option_stands_there_and_defaults_can_be_uncommented(plugins: Plugins) -> None:
    text = configuration(plugins)
    lines = text.splitlines()
    for name in Config.model_fields:
        assert any(line.lstrip("# ").startswith(f"{name}:") for line in lines), name
    for entry in plugins.registered:
        for name in entry.cls.Options.model_fields:
            found = [line for line in lines if line.strip().startswith(f"# {name}:")]
            assert found, f"{entry.cls.name}: {name}"
            yaml.safe_load(found[0].strip().removeprefix("# "))
