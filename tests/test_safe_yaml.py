import pytest
import yaml

from cem_toolkit.safe_yaml import load_yaml


def test_plain_documents_and_aliases_are_read() -> None:
    assert load_yaml("a: &x [1, 2]\nb: *x\n") == {"a": [1, 2], "b": [1, 2]}
    assert load_yaml("") is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: !!python/name:os.system", "constructor"),
        ("a: &a [*a]", "holds itself"),
        ("a: " + "[" * 50_000, "too deeply"),
        ("a: " + "9" * 50_000, "cannot be read"),
        ("a: 2026-13-45", "cannot be read"),
        ("x0: &x0 {a: 1}\n" + "".join(f"x{n}: &x{n} {{<<: [{', '.join([f'*x{n - 1}'] * 9)}]}}\n" for n in range(1, 9)),
         "stands for more than"),
        ("x0: &x0 [a]\n" + "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]\n" for n in range(1, 9)),
         "stands for more than"),
    ],
)  # fmt: skip
def test_what_would_harm_is_an_error_in_the_document(text: str, why: str) -> None:
    with pytest.raises(yaml.YAMLError, match=why):
        load_yaml(text)
