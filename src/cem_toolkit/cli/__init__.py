"""The command line. Each command is a module of its own, imported when it is called."""

import gc
import importlib
import signal
import sys
from collections.abc import Sequence

import click

from cem_toolkit import __version__
from cem_toolkit.cli.refusals import refused_by_the_system
from cem_toolkit.cli.stopping import stopping_by_signals
from cem_toolkit.errors import CemError, one_line
from cem_toolkit.resuming import how_to_resume

COMMANDS = {
    "evolve": "Run the loop: evaluate, mine, retrieve, mix, train, evaluate again.",
    "sweep": "Run the loop with every combination of some options, and compare the results.",
    "resume": "Go on with a run that was interrupted.",
    "show": "Tell what a run did.",
    "report": "Write the report of a run: one page, and cards for the model and its training set.",
    "ledger": "Tell what became of each question, and what was done about it.",
    "compare": "Compare runs: what differs in configuration, and in results on the same questions.",
    "push": "Push a run's model, with its card, to the Hugging Face Hub.",
    "plugins": "List the installed plugins, and those that are broken.",
    "check": "Check that an installed component keeps the rules of its role.",
    "new-plugin": "Write a whole package for a plugin of your own, ready to run.",
    "init": "Write a commented configuration.",
}
"""Names and one-line helps, so that listing them imports none."""


class LazyGroup(click.Group):
    """Imports a command's module when the command is asked for; plugins' commands come after the built-in ones."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        _add_plugin_commands(self)
        return [*COMMANDS, *sorted(self.commands.keys() - COMMANDS.keys())]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            command: click.Command = importlib.import_module(f"cem_toolkit.cli.{cmd_name.replace('-', '_')}").command
            return command
        if cmd_name not in self.commands:
            _add_plugin_commands(self)
        return self.commands.get(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        names = self.list_commands(ctx)
        helps = COMMANDS | {name: self.commands[name].get_short_help_str(100) for name in names if name not in COMMANDS}
        with formatter.section("Commands"):
            formatter.write_dl([(name, helps[name]) for name in names])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="cem-toolkit")
def cli() -> None:
    """Let a language model continue evolving from its mistakes, and say honestly what that did."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line. Whatever the user can mend is one line a problem on stderr and exit code 2."""
    # Libraries and tokenizers are millions of objects that live on. To look for garbage among them as often as Python
    # does by itself takes a third of the time until the model is asked its first question.
    gc.set_threshold(50_000, 20, 50)
    try:
        with stopping_by_signals():
            code = cli.main(list(arguments) if arguments is not None else None, "cem-toolkit", standalone_mode=False)
    except click.UsageError as error:
        _complain(f"{error.format_message()} (see `{error.ctx.command_path if error.ctx else 'cem-toolkit'} --help`)")
    except click.ClickException as error:
        _complain(error.format_message())
    except (click.Abort, KeyboardInterrupt) as error:
        stopped = error.__cause__ or error  # click raises its own
        click.echo(f"cem-toolkit: stopped{_how_to_go_on(error, '; {} goes on from here')}", err=True)
        sys.exit(128 + getattr(stopped, "number", signal.SIGINT))
    except CemError as error:
        _complain(*str(error).splitlines())
    except Exception as error:
        refused = refused_by_the_system(error)
        if refused is None:
            raise
        _complain(f"{refused}; mend that{_how_to_go_on(error, ', then {} goes on where it stopped')}")
    else:
        sys.exit(code if isinstance(code, int) else 0)


def _how_to_go_on(error: BaseException, sentence: str) -> str:
    """`sentence` with the command that goes on with the run in which `error` was raised; "" where there was none."""
    command = how_to_resume(error)
    return sentence.format(f"`{command}`") if command else ""


def _complain(*lines: str) -> None:
    from cem_toolkit.plain import plain
    from cem_toolkit.secrets import redact

    for line in lines:
        click.echo(plain(f"cem-toolkit: error: {redact(line)}"), err=True)
    sys.exit(2)


def _add_plugin_commands(group: click.Group) -> None:
    from cem_toolkit.plain import plain
    from cem_toolkit.plugins import discover_commands
    from cem_toolkit.secrets import redact

    for plugin, result in discover_commands().call_each("cem_register_commands", cli=group):
        if isinstance(result, BaseException):
            said = f"cem-toolkit: plugin {plugin} failed to add its commands: {one_line(result)}"
            click.echo(plain(redact(said)), err=True)
