"""A client that asks a wiki politely, and the same thing once."""

from collections.abc import Mapping
from typing import Any

from cem_toolkit.searching.polite import Patience
from cem_wiki.live.http import Http
from cem_wiki.live.responses import Responses


class Client:
    """Answers from the disk where they are known, else from the wiki, with `patience`."""

    def __init__(self, http: Http, responses: Responses, patience: Patience) -> None:
        self._http = http
        self._responses = responses
        self._patience = patience

    def get(self, url: str, params: Mapping[str, str], share: float = 1.0) -> dict[str, Any]:
        """The wiki's answer to `params`; `share` is the part of the budget that may be spent once this is answered.

        Raises StoppedError where the budget does not allow the request, and RequestError where all tries failed.
        """
        request = {"url": url, **params}
        answer = self._responses.load(request)
        if answer is None:
            answer = self._patience.ask(lambda: self._http.get(params), share=share)
            self._responses.store(request, answer)
        return answer
