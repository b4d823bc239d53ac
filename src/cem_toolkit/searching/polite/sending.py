"""One request over HTTP, read to its end."""

from typing import TYPE_CHECKING, Any

from cem_toolkit.searching.polite.clock import Clock
from cem_toolkit.searching.polite.failures import PassingError, RequestError

if TYPE_CHECKING:
    import httpx2


def send(
    client: "httpx2.Client", method: str, url: str, *, timeout: float, max_bytes: int, clock: Clock, **request: Any
) -> "tuple[httpx2.Response, bytes]":
    """One request, with the arguments of `client.stream`: the response and its whole body, at most `max_bytes`.

    The client's own timeout is for each read; the deadline here is for all, against a slow drip. Raises PassingError
    where no whole answer came within `timeout` seconds, and RequestError for a longer one and for an impossible `url`.
    """
    import httpx2

    deadline, body = clock.now() + timeout, bytearray()
    try:
        with client.stream(method, url, **request) as response:
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > max_bytes:
                    raise RequestError(f"the answer is longer than {max_bytes} bytes")
                if clock.now() > deadline:
                    raise PassingError(f"no whole answer within {timeout:g} s")
            return response, bytes(body)
    except httpx2.TimeoutException:
        raise PassingError(f"no answer within {timeout:g} s") from None
    except (httpx2.UnsupportedProtocol, httpx2.InvalidURL) as error:
        raise RequestError(f"bad address: {error}") from None
    except httpx2.RequestError as error:
        raise PassingError(str(error) or type(error).__name__) from None
