"""What the suites of all roles have in common."""
# ruff: noqa: S101 (to assert is what it is for)

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from inspect import getfile
from pathlib import Path
from typing import Any, ClassVar, get_args
from unittest import SkipTest

from pydantic import ConfigDict, ValidationError

from cem_toolkit.errors import CemError
from cem_toolkit.plugins import check_class
from cem_toolkit.roles import Component, Context
from cem_toolkit.testing.context import make_context
from cem_toolkit.testing.interrupts import Interrupts
from cem_toolkit.testing.whole import check_same, said
from cem_toolkit.testing.writes import watching_writes

HEAVY = ("torch", "transformers", "datasets", "trl", "lm_eval")
"""Libraries that no component's module may import before they are needed."""
_IMPORT = """
import importlib, importlib.util, sys
name, file, *heavy = sys.argv[1:]
try:
    importlib.import_module(name)
except ModuleNotFoundError as error:
    if not f"{name}.".startswith(f"{error.name}."):
        raise
    spec = importlib.util.spec_from_file_location(name, file)
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
print(*(library for library in heavy if library in sys.modules))
"""


class ComponentTests:
    """The checks of every component. Subclass the suite of a role, and set at least `component`.

    `cem-toolkit check` runs the same checks without a test file.
    """

    component: ClassVar[type[Any]]
    """The class to test."""
    options: ClassVar[Mapping[str, Any]] = {}
    """Its options, as the configuration would hold them; relative paths start at `config_folder`."""
    bad_options: ClassVar[Sequence[Mapping[str, Any]]] = ()
    """Options that must be refused, laid over `options` one after the other."""
    config_folder: ClassVar[Path | None] = None
    """Where the configuration would lie; None: in a folder of the check's own."""
    cache: ClassVar[Path | None] = None
    """A cache for all checks together, where filling one takes long; None: each check begins with an empty one."""
    role: ClassVar[type[Component]] = Component

    def make(self, **changes: Any) -> Any:
        """A new component with `options`."""
        return self.component(self.component.Options.model_validate({**self.options, **changes}))

    def context(self, folder: Path, **changes: Any) -> Context:
        """A context in `folder`, whose language model answers and scores by simple rules."""
        usual = {"generate": _generate, "score": _score, "config_folder": self.config_folder or folder}
        shared = {"cache": self.cache} if self.cache else {}
        return make_context(folder, **(usual | shared | changes))

    def work(self, component: Any, ctx: Context) -> Any:
        """All that the component makes of the suite's inputs, in a form that can be compared."""
        raise NotImplementedError

    def test_name_and_version_are_well_formed(self, tmp_path: Path) -> None:
        assert issubclass(self.component, self.role), f"should be a {self.role.__name__}: {self.component}"
        check_class(self.component, self.role, "the suite")
        assert self.component.version.split() == [self.component.version], "version should be one word, such as '1'"

    def test_importing_its_module_is_light(self, tmp_path: Path) -> None:
        command = [sys.executable, "-c", _IMPORT, self.component.__module__, getfile(self.component), *HEAVY]
        paths = os.pathsep.join(path for path in sys.path if path)
        environment = {**os.environ, "PYTHONPATH": paths}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
        said = done.stderr.strip().rpartition("\n")[2]
        assert done.returncode == 0, f"{self.component.__module__} cannot be imported alone: {said}"
        loaded = done.stdout.split()
        assert not loaded, f"importing {self.component.__module__} imports {', '.join(loaded)}: do so where it is used"

    def test_options_are_described_and_defaults_valid(self, tmp_path: Path) -> None:
        model = self.component.Options
        bare = [name for name, field in model.model_fields.items() if not (field.description or "").strip()]
        assert not bare, f"options without a description: {', '.join(bare)}; give each Field(description=…)"
        strict: Any = type("Checked", (model,), {"model_config": ConfigDict(validate_default=True)})
        try:
            strict.model_validate(self.options)
        except ValidationError as error:
            raise AssertionError(f"a default is not valid itself: {said(error)}") from None

    def test_options_survive_json(self, tmp_path: Path) -> None:
        options = self.make().options
        try:
            read = type(options).model_validate(json.loads(json.dumps(options.model_dump(mode="json"))))
        except (TypeError, ValueError) as error:
            raise AssertionError(f"options cannot be written and read again: {error}") from None
        check_same(read, options, "options are others after writing and reading")

    def test_wrong_options_are_refused(self, tmp_path: Path) -> None:
        model = self.component.Options
        assert self._refused({"no_such_option": 1}, tmp_path), "an unknown option should be an error: subclass Options"
        for changes in self.bad_options:
            assert self._refused(changes, tmp_path), f"{dict(changes)} should be refused, by the options or by check"
        for name, field in model.model_fields.items():
            if Path in (field.annotation, *get_args(field.annotation)):
                self._refused({name: "no/such/file"}, tmp_path)  # or not, where nobody reads it

    def _refused(self, changes: Mapping[str, Any], folder: Path) -> bool:
        """Whether options with `changes` are refused; raises where it is not done by a ValidationError or CemError."""
        try:
            self.make(**changes).check(self.context(folder))
        except ValidationError:
            return True
        except CemError as error:
            assert str(error).strip() and "\n" not in str(error), f"a CemError is one line, and this is not: {error}"
            return True
        except Exception as error:
            raise AssertionError(f"{dict(changes)} raises {type(error).__name__}, not CemError: {error}") from error
        return False

    def test_check_accepts_its_options(self, tmp_path: Path) -> None:
        try:
            self.make().check(self.context(tmp_path))
        except CemError as error:
            raise AssertionError(f"check refuses the options that it is tested with: {error}") from None

    def test_fingerprint_is_a_text_and_stays(self, tmp_path: Path) -> None:
        one, two = (self.make().fingerprint(self.context(tmp_path / name)) for name in ("one", "two"))
        assert isinstance(one, str), f"fingerprint should return a str, not {one!r}"
        check_same(one, two, "fingerprint changes though nothing did")

    def test_the_same_seed_gives_the_same_result(self, tmp_path: Path) -> None:
        one, two = (self.work(self.make(), self.context(tmp_path / name)) for name in ("one", "two"))
        check_same(one, two, "two runs of one seed differ")

    def test_writes_only_where_it_may(self, tmp_path: Path) -> None:
        component, ctx = self.make(), self.context(tmp_path)
        with watching_writes([ctx.cache], tmp_path) as strange:
            component.check(ctx)
            component.fingerprint(ctx)
        assert not strange, f"check or fingerprint writes outside ctx.cache: {', '.join(strange[:3])}"
        with watching_writes([ctx.folder, ctx.cache], tmp_path) as strange:
            self.work(component, ctx)
        assert not strange, f"writes outside ctx.folder and ctx.cache: {', '.join(strange[:3])}"

    def test_an_interrupted_try_can_be_repeated(self, tmp_path: Path) -> None:
        counting = Interrupts()
        undisturbed = self.work(self.make(), counting.within(self.context(tmp_path / "undisturbed")))
        if not counting.calls:
            raise SkipTest("it calls nothing of its context, so there is no moment to interrupt it at")
        ctx = self.context(tmp_path / "interrupted")
        try:
            self.work(self.make(), Interrupts(at=(counting.calls + 1) // 2).within(ctx))
        except KeyboardInterrupt:
            pass
        else:
            raise AssertionError("it goes on after a KeyboardInterrupt: let it pass (`except Exception` does)")
        check_same(self.work(self.make(), ctx), undisturbed, "after an interruption the result is another")


def _generate(prompts: Sequence[str], max_tokens: int) -> list[str]:
    """As a small model does it: the prompt's last words again."""
    return [" ".join(prompt.split()[-max_tokens:][:8]) for prompt in prompts]


def _score(pairs: Sequence[tuple[str, Sequence[str]]]) -> list[tuple[float, ...]]:
    """A letter costs a nat."""
    return [tuple(-float(len(text)) for text in continuations) for _, continuations in pairs]
