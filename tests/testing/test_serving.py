"""The server that tests of sources ask."""

from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from cem_toolkit.testing import make_clock
from cem_toolkit.testing.serving import Answer, cut_short, drip, reply, reset, serve


def get(port: int) -> bytes:
    with urlopen(f"http://127.0.0.1:{port}/", timeout=10) as response:
        body: bytes = response.read()
        return body


def test_it_answers_as_it_is_told() -> None:
    with serve(reply(200, "Lomé", X_Word="here")) as port, urlopen(f"http://127.0.0.1:{port}/", timeout=10) as response:
        assert (response.read().decode(), response.headers["X-Word"]) == ("Lomé", "here")


def test_it_is_gone_afterwards() -> None:
    with serve(reply(200)) as port:
        assert get(port) == b""
    with pytest.raises(OSError, match="refused"):
        get(port)


@pytest.mark.parametrize(
    ("answer", "error"),
    [(reply(503, "busy"), HTTPError), (reset, OSError), (cut_short("half"), HTTPException)],
    ids=["refusal", "reset", "cut short"],
)
def test_it_fails_as_it_is_told(answer: Answer, error: type[Exception]) -> None:
    with serve(answer) as port, pytest.raises(error):
        get(port)


def test_a_drip_takes_its_time_on_the_clock() -> None:
    clock = make_clock()
    begun = clock.now()
    with serve(drip(clock)) as port:
        assert get(port) == b" " * 100
    assert clock.now() - begun == 500
