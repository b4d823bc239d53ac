"""Plugins made for another version of the plugin API."""

import json
import types
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from api_surface import surface
from cem_toolkit import api
from cem_toolkit.compat import API, CemDeprecationWarning, check_api, dotted, noting_deprecations
from cem_toolkit.errors import CemError

FIRST = json.loads((Path(__file__).parent / "api_1_0.json").read_text(encoding="utf-8"))


def plugin(declared: object) -> types.SimpleNamespace:
    return types.SimpleNamespace(cem_api=declared)


def lacking(old: Any, new: Any, place: str = "") -> list[str]:
    """What of `old` is not in `new`, or in another order."""
    if isinstance(old, Mapping):
        return [line for key, value in old.items() for line in lacking(value, new.get(key), f"{place}/{key}")]
    if place.endswith("/required"):  # whatever must be there now had to be there then
        return [place] if set(new or ()) != set(old) else []
    kept = [name for name in new or () if name in old]
    return [] if new is not None and kept == old else [place]


def test_all_that_a_plugin_of_the_first_version_uses_is_still_there() -> None:
    assert lacking(FIRST, surface()) == []


def test_what_is_taken_away_is_noticed() -> None:
    now = surface()
    now["records"]["Passage"]["fields"].remove("licence")
    now["roles"]["source"]["required"].append("documents")
    del now["hooks"]["cem_stage_failed"]
    assert lacking(FIRST, now) == [
        "/hooks/cem_stage_failed",
        "/roles/source/required",
        "/records/Passage/fields",
    ]


@pytest.mark.parametrize("declared", ["1.0", dotted(API)])
def test_a_plugin_of_an_older_version_or_of_this_one_runs(declared: str) -> None:
    check_api(plugin(declared))
    check_api(types.SimpleNamespace())


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        (f"{API[0]}.{API[1] + 1}", "pip install -U cem-toolkit"),
        (f"{API[0] + 1}.0", "pip install -U cem-toolkit"),
        ("0.9", "no longer offered"),
        ("one", "should be a version of the plugin API"),
        (1.0, "should be a version of the plugin API"),
    ],
)
def test_others_are_refused_in_a_line(declared: object, said: str) -> None:
    with pytest.raises(CemError, match=said) as caught:
        check_api(plugin(declared))
    assert "\n" not in str(caught.value)


def test_an_old_name_serves_and_says_what_took_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(api._RENAMED, "KnowledgeSource", "Source")
    with noting_deprecations() as noted:
        for _ in range(2):
            assert api.KnowledgeSource is api.Source
    assert noted == ["cem_toolkit.api.KnowledgeSource is now called Source"]


def test_other_warnings_are_shown_as_ever() -> None:
    with pytest.warns(UserWarning, match="something else"), noting_deprecations() as noted:
        warnings.warn("something else", stacklevel=1)
        warnings.warn("going", CemDeprecationWarning, stacklevel=1)
    assert noted == ["going"]
