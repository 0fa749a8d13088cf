"""Where Milvus is for a test: an embedded file, or a real server that `make test-server` names.

MILVUS_PYTHON is the Python of the environment that holds the server's wheel; without it, what needs the
server is skipped.
"""

import os
import secrets
import socket
import subprocess
import time
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PYTHON = os.environ.get("MILVUS_PYTHON")
needs_server = pytest.mark.skipif(not PYTHON, reason="needs the server: make test-server")


def a_free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Server:
    """Milvus in a process and a folder of its own, which can be killed and started again."""

    def __init__(self, folder, *arguments):
        self.folder, self.port, self.process = folder, a_free_port(), None
        self.uri, self.arguments = f"http://127.0.0.1:{self.port}", arguments

    def start(self, token=""):
        """Returns the server once it answers."""
        from pymilvus import MilvusClient

        script = [PYTHON, HERE / "scale" / "milvus_server.py", self.folder, str(self.port), *self.arguments]
        self.process = subprocess.Popen(script)
        for _ in range(240):
            if self.process.poll() is not None:
                break
            try:
                MilvusClient(self.uri, token=token, timeout=2.0).list_collections(timeout=2.0)
                return self
            except Exception:
                time.sleep(0.25)
        self.kill()
        log = (self.folder / "server.log").read_text(errors="replace")[-2000:]
        raise RuntimeError(f"the Milvus server did not start; the end of its log:\n{log}")

    def kill(self):
        """At once, as a power cut does."""
        if self.process:
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope="session")
def milvus_server(tmp_path_factory):
    """The address of a server that all tests of a run share."""
    one = Server(tmp_path_factory.mktemp("milvus")).start()
    yield one.uri
    one.kill()


KINDS = ["milvus file", pytest.param("milvus server", marks=needs_server)]


@pytest.fixture(params=KINDS)
def milvus(request, tmp_path):
    """The search options of a collection of this test's own."""
    yield from place(request, tmp_path)


def place(request, tmp_path):
    """Yields these options, and deletes afterwards what has been made on the server."""
    pytest.importorskip("milvus_lite")
    if request.param == "milvus file":
        yield {"name": "milvus", "uri": str(tmp_path / "vectors.db")}
        return
    from pymilvus import MilvusClient

    uri = request.getfixturevalue("milvus_server")
    yield {"name": "milvus", "uri": uri, "collection": f"test_{secrets.token_hex(8)}"}
    client = MilvusClient(uri, timeout=30)
    for name in client.list_collections():
        client.drop_collection(name)
    client.close()
