import subprocess
import sys

from cem_toolkit import builtin


def test_registered_under_their_names() -> None:
    classes = [*builtin.cem_register_miners(), *builtin.cem_register_rewriters(), *builtin.cem_register_mixers()]
    assert [(cls.__name__, cls.name, cls.version) for cls in classes] == [
        ("CemMiner", "cem", "2"),
        ("Rules", "rules", "2"),
        ("ModelRewriter", "model", "1"),
        ("EndpointRewriter", "endpoint", "1"),
        ("CemMixer", "cem", "7"),
    ]
    for cls in classes:
        fields = cls.Options.model_fields.values()
        assert all(field.description for field in fields)


def test_registering_loads_nothing_heavy() -> None:
    code = (
        "import sys; from cem_toolkit import builtin; builtin.cem_register_miners(); builtin.cem_register_mixers();"
        "builtin.cem_register_rewriters();"
        "print({'torch', 'transformers', 'openai', 'numpy'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "set()"
