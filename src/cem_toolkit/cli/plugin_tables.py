"""What `cem-toolkit plugins` prints."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table

from cem_toolkit.cli.tables import make_console
from cem_toolkit.inventory import describe
from cem_toolkit.plugins import Plugins, Registered
from cem_toolkit.template import yaml_value


def print_plugins(found: Plugins) -> None:
    """One line a component, then plugins that only observe or add commands, then the broken ones."""
    console = make_console()
    table = Table("role", "name", "version", "from")
    for entry in sorted(found.registered, key=lambda entry: (entry.role, entry.cls.name)):
        table.add_row(entry.role, escape(entry.cls.name), escape(entry.cls.version), escape(entry.distribution))
    console.print(table)
    offering = {entry.plugin for entry in found.registered}
    for name in sorted(found.distributions.keys() - offering - {broken.name for broken in found.broken}):
        where = escape(found.distributions[name])
        console.print(f"without components: {escape(name)} ({where}): hooks or commands only", soft_wrap=True)
    for old in found.deprecated:
        console.print(
            f"deprecated: {escape(old.plugin)} ({escape(old.distribution)}): {escape(old.message)}", soft_wrap=True
        )
    for broken in found.broken:
        console.print(
            f"broken: {escape(broken.name)} ({escape(broken.distribution)}): {escape(broken.reason)}", soft_wrap=True
        )


def print_components(entries: Iterable[Registered]) -> None:
    """Each with all that can be set about it."""
    console = make_console()
    for told in map(describe, entries):
        console.print(f"{told['role']} [bold]{escape(told['name'])}[/] {escape(told['version'])}", end=" ")
        console.print(f"({escape(told['distribution'])}, plugin {escape(told['plugin'])})", soft_wrap=True)
        if told["summary"]:
            console.print(escape(told["summary"]))
        if not told["options"]:
            console.print("it has no options")
            continue
        table = Table("option", "type", "default", "what it does")
        for option in told["options"]:
            table.add_row(
                *(escape(cell) for cell in (option["name"], option["type"], _default(option))),
                escape(option["description"]),
            )
        console.print(table)


def _default(option: Mapping[str, Any]) -> str:
    """As the configuration would have it."""
    if option["required"]:
        return "must be given"
    return yaml_value(option["default"])
