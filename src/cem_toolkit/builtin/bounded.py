"""A client for the openai package whose answers are limited in time and in length."""

import importlib
from collections.abc import Iterator
from typing import Any

from cem_toolkit.searching.polite.deadline import Deadline

MAX_BYTES = 8 * 2**20
"""Of one answer: thousands of times what a rewrite takes."""


def bounded_client(timeout: float) -> Any:
    """A client as the openai package makes it. Each request with its whole answer has `timeout` seconds, and is on a
    connection of its own; redirects are not followed, so that the key goes to no other host."""
    import openai

    # Version 2 of the package stands on httpx, version 3 on httpx2, which are alike in all that is used here.
    library = openai.DefaultHttpxClient.__mro__[1].__module__.partition(".")[0]
    httpx: Any = importlib.import_module(library)

    def ask(request: Any) -> None:
        deadline = Deadline(timeout)
        request.headers.update({"Accept-Encoding": "identity", "Connection": "close"})
        request.extensions |= {"trace": deadline.see, "deadline": deadline}
        deadline.__enter__()

    def look(response: Any) -> None:
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise httpx.DecodingError("the answer is packed, which was not asked for", request=response.request)
        response.stream = _Bounded(response)

    class _Bounded(httpx.SyncByteStream):  # type: ignore[misc]
        def __init__(self, response: Any) -> None:
            self._stream, self._request = response.stream, response.request

        def __iter__(self) -> Iterator[bytes]:
            length = 0
            for chunk in self._stream:
                length += len(chunk)
                if length > MAX_BYTES:
                    raise httpx.DecodingError(f"the answer is longer than {MAX_BYTES} bytes", request=self._request)
                yield chunk

        def close(self) -> None:
            self._request.extensions["deadline"].__exit__()
            self._stream.close()

    hooks = {"request": [ask], "response": [look]}
    return openai.DefaultHttpxClient(timeout=timeout, event_hooks=hooks, follow_redirects=False)
