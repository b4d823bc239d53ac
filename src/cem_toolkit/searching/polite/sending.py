"""One request over HTTP, read to its end."""

from typing import TYPE_CHECKING, Any

from cem_toolkit.searching.polite.clock import Clock
from cem_toolkit.searching.polite.deadline import Deadline
from cem_toolkit.searching.polite.failures import PassingError, RequestError
from cem_toolkit.searching.polite.unpacking import Unpacking

if TYPE_CHECKING:
    import httpx2


def send(
    client: "httpx2.Client", method: str, url: str, *, timeout: float, max_bytes: int, clock: Clock, **request: Any
) -> "tuple[httpx2.Response, bytes]":
    """One request, with the arguments of `client.stream`: the response and its whole body, at most `max_bytes`.

    The client's own timeout is for each read; the deadline here is for all, against a slow drip, of headers too. The
    connection is for this request alone, and only gzip is asked for and unpacked, never beyond `max_bytes`. Raises
    PassingError where no whole answer came within `timeout` seconds, and RequestError for a longer one, one that is
    packed otherwise, and an impossible `url`.
    """
    import httpx2

    end, body = clock.now() + timeout, bytearray()
    late = PassingError(f"no whole answer within {timeout:g} s")
    own = {"Accept-Encoding": "gzip", "Connection": "close"}
    headers = {**(request.pop("headers", None) or {}), **own}
    with Deadline(timeout) as deadline:
        try:
            with client.stream(method, url, headers=headers, extensions={"trace": deadline.see}, **request) as response:
                unpacking = Unpacking(response.headers.get("Content-Encoding", ""), max_bytes)
                for chunk in response.iter_raw():
                    body += unpacking.unpack(chunk)
                    if clock.now() > end:
                        raise late
                unpacking.conclude()
                return response, bytes(body)
        except httpx2.TimeoutException:
            raise late from None
        except (httpx2.UnsupportedProtocol, httpx2.InvalidURL, UnicodeError) as error:
            raise RequestError(f"bad address: {error}"[:200]) from None
        except (httpx2.RequestError, OSError, ValueError) as error:
            # ValueError: of a header that is none, or a socket that the deadline closed.
            raise late if deadline.over else PassingError(_said(error)) from None


def _said(error: Exception) -> str:
    """In one line that is not long: part of it may be what a stranger's server sent."""
    return " ".join(str(error).split())[:200] or type(error).__name__
