"""Faulty networks: every source and client that goes over the network, by every fault.

Each is asked about three mistakes with a small time budget, and must end within it with what it got, saying in one line
what failed; nothing it says may hold a secret. A fault hits all requests (`all`), those about one mistake (`some`: the
others' passages must come), or the first request alone (`once`: all must come, unless asking again is no use).
"""

import itertools
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from network_places import PLACES, Place, authority
from network_sources import CLIENTS, FAULTY, NAMES, SECRET, TIMEOUT, Client, Say, answer_rightly, share_reader
from outcome import Outcome

from cem_toolkit.api import CemError
from cem_toolkit.testing.misbehaving import BROKEN, JSON, MISBEHAVING, SLOW, STATUSES
from cem_toolkit.testing.serving import Answer, serve

NAME = "network"
HARD_LIMIT = 60.0
"""Seconds after which a client that does not end is taken to hang."""
SLACK = 5.0
"""Seconds over its budget and the time of one request that a client may end late: the machine is shared."""
AT_ONCE = {True: 16, False: 6}
"""Tries at once in the short form, which times nothing, and in the full form."""
LONGEST_LINE = 1500
RIGHT_FORM = ("all that is looked for", "numbers that are none", "UTF-", "a byte order mark", "half characters")
"""In the names of faults: JSON objects, which may well hold nothing of what is looked for."""
LONG_WAITS = ("Retry-After: 86400", "Retry-After: 999", "Retry-After: in an hour")
"""A server that wants a longer wait than there is time is not asked again, not for what others found either."""
SHORT = (
    "a drip of headers", "a drip of packed bytes", "reset midway", "cut short", "a gzip bomb in gzip",
    "redirected to itself", "HTTP 503", "HTTP 429, Retry-After: 86400", "HTTP 401 that repeats the request",
    "HTTP 200 with an error in colours", "a body of lists within lists", "a body of half characters",
)  # fmt: skip
"""Of the faults of a server, those of the short form."""


@dataclass
class Tried:
    """What one client did against one fault."""

    got: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    error: BaseException | None = None
    seconds: float = 0.0
    ended: bool = False


def run(seed: int, short: bool, folder: Path, say: Say) -> Iterable[Outcome]:
    """One outcome for each client and kind of fault."""
    authority()  # before any client looks whom to trust
    share_reader()
    cases = list(_cases(short))
    say(f"network: {len(cases)} tries")
    found: list[tuple[str, str, str]] = []
    with ThreadPoolExecutor(AT_ONCE[short]) as pool:
        for result in pool.map(lambda case: (case[0], case[1], case[2](folder, short)), cases):
            found.append(result)
            if len(found) % 200 == 0:
                say(f"network: {len(found)} of {len(cases)} tries")
    for number, (client, kind, loss) in enumerate(found):
        if loss:  # a busy machine may answer too late by itself: once more, with nothing else going on
            say(f"network: tried again alone: {loss}")
            found[number] = (client, kind, cases[number][2](folder, short))
    for client, kind in dict.fromkeys((client, kind) for client, kind, _ in found):
        judged = [loss for *case, loss in found if case == [client, kind]]
        losses = [loss for loss in judged if loss]
        for loss in losses:
            say(f"network: lost: {loss}")
        note = losses[0] if losses else ""
        yield Outcome(NAME, f"{client}: {kind}", len(judged), len(judged) - len(losses), len(losses), note)


Case = tuple[str, str, Callable[[Path, bool], str]]
"""Client, kind of fault, and what tries it: "" or what was wrong."""


def _cases(short: bool) -> Iterator[Case]:
    kinds = {"slow answers": SLOW, "broken answers": BROKEN, "refusals": STATUSES, "wrong JSON": JSON}
    for client in CLIENTS:
        for kind, name in ((kind, name) for kind, faults in kinds.items() for name in faults):
            if short and name not in SHORT:
                continue
            for part, mode in itertools.product(client.parts, ("all",) if short else ("all", "some", "once")):
                yield client.name, kind, _server_case(client, name, part, mode)
        for place in PLACES:
            if not short or place.short:
                yield client.name, place.kind, _place_case(client, place)


def _server_case(client: Client, name: str, part: str, mode: str) -> Callable[[Path, bool], str]:
    def attempt(folder: Path, short: bool) -> str:
        hit, first = client.parts[part], iter((True,))
        fault: Answer = MISBEHAVING[name]

        def respond(handler: BaseHTTPRequestHandler) -> None:
            body = handler.rfile.read(int(handler.headers.get("Content-Length", 0))).decode()
            faulty = hit(handler.path) and (
                mode == "all"
                or (mode == "some" and FAULTY in handler.path + body and "titles=" not in handler.path)
                or (mode == "once" and next(first, False))
            )
            fault(handler) if faulty else answer_rightly(client, handler, body)

        with serve(respond) as port:
            tried = _try(client, f"http://127.0.0.1:{port}", folder)
        return _judge(client, tried, f"{client.name}: {name} ({mode}{' of ' * bool(part)}{part})", short, mode)

    return attempt


def _place_case(client: Client, place: Place) -> Callable[[Path, bool], str]:
    def attempt(folder: Path, short: bool) -> str:
        def respond(handler: BaseHTTPRequestHandler) -> None:
            body = handler.rfile.read(int(handler.headers.get("Content-Length", 0))).decode()
            answer_rightly(client, handler, body)

        with place.open(respond) as address:
            tried = _try(client, address, folder)
        mode = "right" if place.right else "all"
        return _judge(client, tried, f"{client.name}: {place.name}", short, mode)

    return attempt


def _try(client: Client, address: str, folder: Path) -> Tried:
    """In a thread, so that one that hangs is found and left behind."""
    tried = Tried()

    def work() -> None:
        begun = time.monotonic()
        try:
            tried.got = list(client.ask(address, own, tried.said.append))
        except BaseException as error:
            tried.error = error
        tried.seconds = time.monotonic() - begun
        tried.ended = True

    with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as name:
        own = Path(name)
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(HARD_LIMIT)
    return tried


def _judge(client: Client, tried: Tried, what: str, short: bool, mode: str) -> str:
    """ "" where all is well, else what is not. The short form, which runs beside other things, times nothing."""
    said = [*tried.said, str(tried.error or "")]
    kept = any(line.startswith("kept: ") and line != "kept: 0 answers" for line in said)
    limit = client.seconds + TIMEOUT + SLACK
    faults = {
        "hangs": not tried.ended,
        f"took {tried.seconds:.1f} s": not short and tried.seconds > limit,
        f"crashed: {_where(tried.error)}": tried.error and not isinstance(tried.error, CemError),
        "says more than a line": any("\n" in line or "\r" in line for line in said),
        "says what cannot be shown": any(not line.isprintable() for line in said),
        "says too much": any(len(line) > LONGEST_LINE for line in said),
        "tells the secret": any(SECRET in line for line in said),
        "says nothing of what failed": set(tried.got) != set(NAMES) and not tried.error and not tried.said
        and mode != "once" and not _empty_answer(what),
        "gave nothing although others were answered": mode == "some" and not tried.got and not kept
        and not any(wait in what for wait in LONG_WAITS),
        f"gave {tried.got} of a server that is well: {tried.error}": mode == "right" and len(tried.got) < len(NAMES),
    }  # fmt: skip
    return next((f"{what}: {fault}" for fault, wrong in faults.items() if wrong), "")


def _empty_answer(what: str) -> bool:
    """A page of the web may say anything, and an answer of the right form may hold nothing: neither is a failure."""
    return what.endswith("of pages)") or any(form in what for form in RIGHT_FORM)


def _where(error: BaseException | None) -> str:
    if error is None:
        return ""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {' '.join(str(error).split())[:100]} ({Path(last.filename).name}:{last.lineno})"
