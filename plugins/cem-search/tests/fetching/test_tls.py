"""Connections go to checked addresses, and TLS knows the host by its name all the same."""

import ssl
from collections.abc import Iterator
from typing import Any

import pytest

from cem_search.fetching.failures import PassingError
from cem_search.fetching.fetcher import Fetcher
from cem_search.fetching.manners import Manners
from cem_search.fetching.private import Private
from cem_search.fetching.reach import Reach
from cem_toolkit.searching.polite import Clock
from cem_toolkit.testing.serving import reply, serve


@pytest.fixture
def secure() -> Iterator[tuple[int, ssl.SSLContext, list[str]]]:
    """A server whose certificate is for right.test, the context of a client that trusts it, and the names asked for."""
    trustme = pytest.importorskip("trustme")
    authority, names = trustme.CA(), []
    server_side, client_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("right.test").configure_cert(server_side)
    authority.configure_trust(client_side)
    server_side.sni_callback = lambda connection, name, context: names.append(name)

    with serve(reply(200, "secure", Content_Type="text/html"), tls=server_side) as port:
        yield port, client_side, names


def test_the_certificate_must_be_for_the_name(secure: Any, clock: Any) -> None:
    port, tls, names = secure
    reach = Reach(
        private=Private([f"{name}:{port}" for name in ("right.test", "wrong.test")]), resolve=lambda *_: ["127.0.0.1"]
    )
    manners = Manners(min_interval=0, retries=0, max_seconds=99, seed=0, clock=clock)
    fetcher = Fetcher(reach, manners, Clock(), timeout=9, max_bytes=999, tls=tls)
    assert fetcher.fetch(f"https://right.test:{port}/").body == b"secure"
    assert set(names) == {"right.test"}
    with pytest.raises(PassingError, match="certificate verify failed"):
        fetcher.fetch(f"https://wrong.test:{port}/")
