"""What every mixer has to do."""
# ruff: noqa: S101 (to assert is what it is for)

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from cem_toolkit.records import Attempt, Mistake, Passage, Rewrite, Row
from cem_toolkit.roles import Component, Context, Mixer
from cem_toolkit.testing import examples
from cem_toolkit.testing.component import ComponentTests
from cem_toolkit.testing.whole import check_known, check_records


class MixerTests(ComponentTests):
    """Checks of a mixer, with `passages`, `mistakes`, `attempts` and `rewrites` to mix."""

    component: ClassVar[type[Mixer]]
    role: ClassVar[type[Component]] = Mixer

    def passages(self) -> Sequence[Passage]:
        return examples.example_passages()

    def mistakes(self) -> Sequence[Mistake]:
        return examples.example_mistakes()

    def attempts(self) -> Sequence[Attempt]:
        return examples.example_attempts()

    def rewrites(self) -> Sequence[Rewrite]:
        return examples.example_rewrites()

    def context(self, folder: Path, **changes: Any) -> Context:
        """With the rewrites, and the leak guard of the suite's attempts."""
        from cem_toolkit.leaks import LeakGuard

        guard = LeakGuard(self.attempts())
        usual = {"rewrites": tuple(self.rewrites()), "screen_rows": lambda rows: guard.screen_rows(rows)[0]}
        return super().context(folder, **(usual | changes))

    def work(self, component: Mixer, ctx: Context) -> list[dict[str, Any]]:
        return [row.to_json() for row in component.mix(self.passages(), self.mistakes(), self.attempts(), ctx)]

    def mix(self, folder: Path) -> list[Row]:
        return list(self.make().mix(self.passages(), self.mistakes(), self.attempts(), self.context(folder)))

    def test_makes_rows(self, tmp_path: Path) -> None:
        assert self.mix(tmp_path), "makes no rows of the suite's passages and mistakes"

    def test_nothing_gives_no_rows(self, tmp_path: Path) -> None:
        made = list(self.make().mix([], [], [], self.context(tmp_path, rewrites=())))
        assert not made, f"makes {len(made)} rows of nothing"

    def test_rows_are_whole(self, tmp_path: Path) -> None:
        made = self.mix(tmp_path)
        check_records(made, Row)
        for row in made:
            key = {name: getattr(row, name) for name in ("kind", "prompt", "completion", "rejected", "parents")}
            assert row.id == Row.make(**key).id, f"row {row.id}: make it by Row.make"
            assert row.completion.strip(), f"row {row.id}: has no completion, so nothing to learn"
            assert row.weight > 0 and math.isfinite(row.weight), f"row {row.id}: has the weight {row.weight}"
            assert row.kind != "passage" or not row.prompt, f"row {row.id}: pre-training text has no prompt"

    def test_rows_name_given_records(self, tmp_path: Path) -> None:
        made, asked = self.mix(tmp_path), [attempt.id for attempt in self.attempts()]
        parents = [*asked, *(each.id for each in self.passages()), *(each.id for each in self.mistakes())]
        check_known("records", (parent for row in made for parent in row.parents), parents)
        check_known("questions", (pair for row in made for pair in row.own_pairs), asked)

    def test_rows_with_a_question_s_own_answer_say_so(self, tmp_path: Path) -> None:
        """Others the core drops."""
        for row in self.mix(tmp_path):
            text = row.prompt + row.completion
            for attempt in self.attempts():
                holds = attempt.question in text and attempt.gold in text.replace(attempt.question, "")
                assert not holds or attempt.id in row.own_pairs, (
                    f"row {row.id}: holds {attempt.question!r} with its answer: name {attempt.id} in own_pairs"
                )
