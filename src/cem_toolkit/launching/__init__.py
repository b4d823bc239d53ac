"""An engine's processes as children of the run's process, which stays the master.

Training or evaluation that takes several processes is started by the engine's own launcher (`accelerate launch`); the
master sends its first process requests, and relays what it says. When the work is done the children end, and their
memory is the system's again; when the master dies, however it dies, they end too.
"""

from cem_toolkit.launching.command import accelerate_command
from cem_toolkit.launching.master import WorkerDied, Workers
from cem_toolkit.launching.printed import last_line
from cem_toolkit.launching.worker import serve

__all__ = ["WorkerDied", "Workers", "accelerate_command", "last_line", "serve"]
