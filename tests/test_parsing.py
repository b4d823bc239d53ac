"""Text from outside: whatever is wrong with it is one line, and nothing runs away."""

import pytest

from cem_toolkit.parsing import parse_json, parse_yaml

BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(n)}: &{chr(n)} [{','.join([f'*{chr(n - 1)}'] * 10)}]\n" for n in range(ord("b"), ord("l"))
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BOMB, "holds more than 100,000 values, its aliases written out"),
        ("a: &a [*a]", "nested too deep"),
        ("[" * 5000, "nested too deep"),
        ("when: 2026-99-99", "month must be in 1..12"),
        ("a: !!bool x", "does not fit its tag"),
        ("a: !!python/object/apply:os.system [x]", "1: could not determine a constructor"),
        ("a: \x00", "special characters are not allowed"),
        ("a: " + "9" * 50_000, "Exceeds the limit"),
    ],
    ids=["bomb", "of itself", "deep", "date", "bool", "code", "zero", "number"],
)
def test_yaml_that_is_none_is_told_in_one_line(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        parse_yaml(text)
    assert "\n" not in str(caught.value)


def test_yaml_is_as_ever() -> None:
    assert parse_yaml("a: &x {b: 1}\nc: *x\n") == {"a": {"b": 1}, "c": {"b": 1}}
    assert parse_yaml("") is None


def test_json_that_is_nested_too_deep_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="nested too deep"):
        parse_json("[" * 100_000)
