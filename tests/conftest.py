"""What all tests share: plots without a window, and the figures that tests measure."""

import matplotlib
import pytest
from milvus_places import milvus, milvus_server  # noqa: F401 fixtures

matplotlib.use("Agg")
MEASURED = pytest.StashKey()


@pytest.fixture
def measured(request):
    """`measured("250 files tried")`: a figure to read, which the run ends with. No assertion."""
    return request.config.stash.setdefault(MEASURED, []).append


def pytest_sessionfinish(session):
    """A worker of pytest-xdist hands its figures to the process that prints."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["measured"] = session.config.stash.get(MEASURED, [])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    node.config.stash.setdefault(MEASURED, []).extend(getattr(node, "workeroutput", {}).get("measured", []))


def pytest_terminal_summary(terminalreporter, config):
    lines = config.stash.get(MEASURED, [])
    if lines:
        terminalreporter.section("measured")
    for line in lines:
        terminalreporter.line(line)
