import threading
from collections.abc import Iterator

import pytest
from tests.builtin.chat import FakeServer


@pytest.fixture
def server() -> Iterator[FakeServer]:
    pytest.importorskip("openai")
    with FakeServer() as fake:
        thread = threading.Thread(target=fake.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield fake
        fake.shutdown()
        thread.join()
