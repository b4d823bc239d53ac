"""Templates are compiled once, and lm-eval is left as it was."""

from typing import Any

import pytest
from lm_eval import utils

from cem_lm_eval.templates import compiled_once


def test_a_template_is_compiled_once_for_all_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    original = utils.env.compile

    def count(source: str, *args: Any, **kwargs: Any) -> Any:
        compiled.append(source)
        return original(source, *args, **kwargs)

    monkeypatch.setattr(utils.env, "compile", count)
    template = "{{n}} of {{of}}"
    with compiled_once():
        with compiled_once():
            assert [utils.apply_template(template, {"n": n, "of": 3}) for n in (1, 2, 3)] == [
                "1 of 3",
                "2 of 3",
                "3 of 3",
            ]
        assert utils.apply_template(template, {"n": 4, "of": 3}) == "4 of 3"
    assert compiled == [template]
    for _ in range(2):
        utils.apply_template(template, {"n": 1, "of": 1})
    assert compiled == [template] * 3
