"""Where each public name is told of: page by page, with the module that it is imported from."""

from typing import NamedTuple

from cem_toolkit import searching, testing


class Told(NamedTuple):
    title: str
    about: str
    module: str
    names: tuple[str, ...]


API = "cem_toolkit.api"
PAGES = {
    "python": Told(
        "Functions",
        "What notebooks and scripts call, all from `cem_toolkit`. [From Python](../python.md) shows them at work.",
        "cem_toolkit",
        ("evolve", "plan", "resume", "sweep", "find_run"),
    ),
    "run": Told(
        "A run and its rounds",
        "What `evolve` and `find_run` return, from `cem_toolkit.run`. Records are those of [Records](records.md).",
        "cem_toolkit.run",
        ("Run", "Round", "Arm", "Stage"),
    ),
    "roles": Told(
        "Roles",
        "What a plugin subclasses, and what it is given. All from `cem_toolkit.api`.",
        API,
        (
            *("Component", "Options", "Context", "Progress"),
            *("Evaluator", "Miner", "Source", "Rewriter", "Mixer", "Trainer", "Preset"),
        ),
    ),
    "records": Told(
        "Records",
        "What flows through the loop; one JSON object a line on disk. All from `cem_toolkit.api`.",
        API,
        (
            *("Attempt", "Mistake", "MistakeKind", "Passage", "Hit", "Reading", "Rewrite", "RewriteKind"),
            *("Row", "RowKind", "Model", "content_id", "normalise", "question_id"),
        ),
    ),
    "searching": Told(
        "Sources that search",
        "What knowledge sources that search share: `cem_toolkit.searching`.",
        "cem_toolkit.searching",
        tuple(searching.__all__),
    ),
    "polite": Told(
        "Asking a server politely",
        "For sources that go over the network: `cem_toolkit.searching.polite`. A plugin that uses it depends on\n"
        "tenacity, and for `send` on httpx2.",
        "cem_toolkit.searching.polite",
        (
            *("Patience", "Limits", "Misses", "Clock", "send", "parse_retry_after"),
            *("RequestError", "PassingError", "StoppedError"),
        ),
    ),
    "helpers": Told(
        "Errors and help",
        "What else `cem_toolkit.api` offers.",
        API,
        (
            *("hookimpl", "CemError", "ConfigError", "LeakGuard", "Leak", "Drop", "Embedder"),
            *("find_component", "file_hash", "replacing", "name_beside", "load_tokenizer", "resolve_model"),
            *("fetch_folder", "send_folder", "parse_json", "ask_probes", "read_neutral", "score_neutral"),
        ),
    ),
    "launching": Told(
        "An engine's processes",
        "For evaluators and trainers that take several processes: `cem_toolkit.launching`. Its workers stand beside\n"
        "the run's process; [Training](../cluster/training.md) tells how they are started on several machines.",
        "cem_toolkit.launching",
        ("Workers", "WorkerDied", "serve", "accelerate_command", "last_line"),
    ),
    "testing": Told(
        "Testing a plugin",
        "For the tests of plugins: `cem_toolkit.testing`.",
        "cem_toolkit.testing",
        tuple(testing.__all__),
    ),
    "serving": Told(
        "A server to test by",
        "For the tests of sources that go over the network: `cem_toolkit.testing.serving`.",
        "cem_toolkit.testing.serving",
        ("serve", "Answer", "reply", "reset", "cut_short", "drip"),
    ),
}
