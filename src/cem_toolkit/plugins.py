"""Finds installed plugins, contains the broken ones, and chooses components by name."""

import difflib
import importlib.metadata
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pluggy

from cem_toolkit import hookspecs
from cem_toolkit.compat import check_api, noting_deprecations
from cem_toolkit.errors import CemError, one_line

if TYPE_CHECKING:
    from cem_toolkit.roles import Component

ROLES = ("evaluator", "miner", "source", "rewriter", "mixer", "trainer")
MANY = frozenset(("source", "rewriter"))
"""Roles of which a run may have several."""
REGISTRATION = {role: f"cem_register_{role}s" for role in (*ROLES, "preset")}
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
"""Names become folders of the run and of the cache."""
BUNDLED = {
    "lm-eval": "cem-lm-eval",
    "trl": "cem-trl",
    "embedded": "cem-embedded",
    **{source: f"cem-{source}" for source in ("wiki", "search", "docs", "opensearch", "embeddings")},
    **dict.fromkeys(("unlearn", "icu", "eul", "ltu"), "cem-unlearn"),
    **dict.fromkeys(("naive", "replay", "bcl", "delta", "clip", "mulki", "l2l", "router", "staged"), "cem-continual"),
}
"""Component names of this project's own plugins, with the distributions that carry them."""


@dataclass(frozen=True)
class Broken:
    """A plugin that is installed and cannot be used."""

    name: str
    distribution: str
    reason: str


@dataclass(frozen=True)
class Deprecated:
    """What a plugin uses that will go, and what to use instead."""

    plugin: str
    distribution: str
    message: str


@dataclass(frozen=True)
class Registered:
    """A class that a plugin offers."""

    role: str
    cls: "type[Component]"
    plugin: str
    distribution: str

    def __str__(self) -> str:
        return f"{self.cls.__module__}.{self.cls.__qualname__} ({self.distribution})"


@dataclass
class Plugins:
    """All that is installed. Use `discover()` to make one."""

    manager: pluggy.PluginManager
    registered: list[Registered] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    deprecated: list[Deprecated] = field(default_factory=list)
    distributions: dict[str, str] = field(default_factory=dict)
    """Plugin name to the distribution (with its version) that it came with."""

    def get(self, role: str, name: str) -> "type[Component]":
        """The one class of that role and name. Raises CemError where there is none, or more than one."""
        found = [entry for entry in self.registered if entry.role == role and entry.cls.name == name]
        if not found:
            raise CemError(self.unknown(name, role))
        if len(found) > 1:
            both = " and ".join(str(entry) for entry in found)
            raise CemError(f"two {role}s are called {name!r}: {both}; uninstall one of them")
        return found[0].cls

    def names(self, role: str | None = None) -> list[str]:
        return sorted({entry.cls.name for entry in self.registered if role in (None, entry.role)} - {""})

    def unknown(self, name: str, role: str = "plugin") -> str:
        """One line about a name that nothing answers to: whether it is broken, what is near, and how to install it."""
        for broken in self.broken:
            if broken.name == name:
                return f"plugin {name!r} ({broken.distribution}) is installed but broken: {broken.reason}"
        if name in BUNDLED:
            return f"{role} {name!r} is not installed: pip install {BUNDLED[name]}"
        known = sorted({*self.names(), *BUNDLED})
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        if not near:
            return f"unknown {role} {name!r}; installed: {', '.join(self.names())} (see `cem-toolkit plugins`)"
        how = f" (pip install {BUNDLED[near[0]]})" if near[0] in BUNDLED else ""
        return f"unknown {role} {name!r}; did you mean {near[0]!r}{how}?"

    def call_each(self, hook: str, **arguments: Any) -> Iterator[tuple[str, Any]]:
        """Calls the implementations of `hook` one by one and yields (plugin name, result or the exception raised).

        pluggy itself would stop at the first exception.
        """
        for implementation in getattr(self.manager.hook, hook).get_hookimpls():
            chosen = {name: arguments[name] for name in implementation.argnames}
            try:
                yield implementation.plugin_name, implementation.function(**chosen)
            except (Exception, SystemExit) as error:
                yield implementation.plugin_name, error


def discover() -> Plugins:
    """Loads every entry point of the group `cem_toolkit` and registers the classes that it offers. A plugin that fails
    becomes an entry in `broken`."""
    return _load(register)


def find_component(role: str, name: str) -> "type[Component]":
    """The installed class of that role and name, for a component that works by another, such as a source that searches
    another source's documents. Raises CemError where there is none, or more than one."""
    return discover().get(role, name)


def discover_commands() -> Plugins:
    """As `discover`, but no class is asked for, which most plugins import their libraries for: enough to call other
    hooks."""
    return _load(_register_hooks)


def _load(add: Callable[[Plugins, str, Any], None]) -> Plugins:
    plugins = Plugins(pluggy.PluginManager(hookspecs.PROJECT))
    plugins.manager.add_hookspecs(hookspecs)
    entries = importlib.metadata.entry_points(group=hookspecs.PROJECT)
    for entry in sorted(entries, key=lambda entry: (entry.name != "builtin", entry.name, _distribution(entry))):
        if entry.name in plugins.distributions:
            owner = plugins.distributions[entry.name]
            plugins.broken.append(Broken(entry.name, _distribution(entry), f"the plugin name is taken by {owner}"))
            continue
        plugins.distributions[entry.name] = _distribution(entry)
        with noting_deprecations() as messages:
            try:
                add(plugins, entry.name, entry.load())
            except (Exception, SystemExit) as error:
                plugins.broken.append(Broken(entry.name, _distribution(entry), one_line(error)))
        plugins.deprecated += [Deprecated(entry.name, _distribution(entry), message) for message in messages]
    return plugins


def register(plugins: Plugins, name: str, module: ModuleType | object) -> None:
    """Adds one plugin with the classes that it offers; raises where it breaks the rules, leaving nothing of it."""
    _register_hooks(plugins, name, module)
    try:
        plugins.registered += list(_offered(plugins, name))
    except BaseException:
        plugins.manager.unregister(name=name)
        raise


def _register_hooks(plugins: Plugins, name: str, module: ModuleType | object) -> None:
    check_api(module)
    plugins.manager.register(module, name=name)
    try:
        plugins.manager.check_pending()  # finds misspelt hooks
    except BaseException:
        plugins.manager.unregister(name=name)
        raise


def _offered(plugins: Plugins, name: str) -> Iterator[Registered]:
    from cem_toolkit import roles

    bases: Mapping[str, type[Component]] = {**roles.ROLES, "preset": roles.Preset}
    for role, hook in REGISTRATION.items():
        for implementation in getattr(plugins.manager.hook, hook).get_hookimpls():
            if implementation.plugin_name != name:
                continue
            for cls in implementation.function() or ():
                check_class(cls, bases[role], hook)
                yield Registered(role, cls, name, plugins.distributions.get(name, "this session"))


def check_class(cls: Any, base: "type[Component]", origin: str) -> None:
    """Raises CemError where `cls`, which `origin` returned, is no usable class of the role `base`."""
    if not (isinstance(cls, type) and issubclass(cls, base)):
        raise CemError(f"{origin} returned {cls!r}, which is no subclass of cem_toolkit.api.{base.__name__}")
    for attribute in ("name", "version"):
        if not isinstance(getattr(cls, attribute, None), str) or not getattr(cls, attribute):
            raise CemError(f"{cls.__module__}.{cls.__qualname__} has no {attribute}")
    if not NAME.fullmatch(cls.name):
        raise CemError(
            f"{cls.__module__}.{cls.__qualname__} is called {cls.name!r}: use a to z, 0 to 9, '.', '_' and '-'"
        )
    missing = sorted(cls.__abstractmethods__)
    if missing:
        raise CemError(f"{cls.__module__}.{cls.__qualname__} lacks {', '.join(missing)}")


def _distribution(entry: importlib.metadata.EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "unknown distribution"


@dataclass(frozen=True)
class Choice:
    """The classes of one run: of some roles (`MANY`) several, of the others one."""

    evaluator: "type[Component]"
    miner: "type[Component]"
    sources: "tuple[type[Component], ...]"
    rewriters: "tuple[type[Component], ...]"
    mixer: "type[Component]"
    trainer: "type[Component]"


DEFAULTS = {"evaluator": "lm-eval", "miner": "cem", "rewriter": "rules", "mixer": "cem"}


def choose(plugins: Plugins, names: Sequence[str]) -> tuple[Choice | None, list[str]]:
    """The components that `names` stand for, and every problem with the choice, a line each."""
    problems: list[str] = []
    chosen: dict[str, list[str]] = {role: [] for role in ROLES}
    for name in dict.fromkeys(names):
        roles = [role for role in ROLES if name in plugins.names(role)]
        if not roles:
            problems.append(plugins.unknown(name))
        for role in roles:
            chosen[role].append(name)
    for role, given in chosen.items():
        if role not in MANY and len(given) > 1:
            problems.append(f"a run has one {role}, and plugins names {len(given)}: {' and '.join(given)}; remove one")
        if not given and role in DEFAULTS:
            given.append(DEFAULTS[role])
        elif not given and not problems:
            what = "knowledge source" if role == "source" else role
            example = "wiki" if role == "source" else "trl"
            problems.append(
                f"no {what} is chosen: add one to plugins, such as `--plugins {','.join([*names, example])}`"
            )
    classes: dict[str, list[type[Component]]] = {}
    for role, given in chosen.items():
        classes[role] = []
        for name in given:
            try:
                classes[role].append(plugins.get(role, name))
            except CemError as error:
                problems.append(str(error))
    if problems:
        return None, problems
    one: dict[str, Any] = {role: found[0] for role, found in classes.items() if role not in MANY}
    many: dict[str, Any] = {f"{role}s": tuple(classes[role]) for role in sorted(MANY)}
    return Choice(**many, **one), []
