"""The analysis on a cluster: the script of the page, run as it stands there, and equal results."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codemods.engine import analyse
from tests.engine.small_library import tree
from tests.support.project import PROJECT

PAGE = PROJECT / "docs" / "executors.md"
ALL = (1, 2, 3, 4, 5)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Two processes on this machine, which nothing outside of it can reach."""
    distributed = pytest.importorskip("distributed", reason="Dask's package distributed is not installed")
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address=None,
        local_directory=str(tmp_path_factory.mktemp("dask")),
        silence_logs="CRITICAL",
    ) as cluster:
        yield cluster


@pytest.mark.parametrize("stacked", [False, True])
def test_a_cluster_finds_the_same(cluster: Any, stacked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codemods.engine.schedule.BATCH", 1)
    here = analyse(tree(), ALL, stacked=stacked)

    with cluster.get_client() as client:
        there = analyse(tree(), ALL, stacked=stacked, executor=client.get_executor())

    assert repr(there) == repr(here)


def test_the_script_of_the_page_works(cluster: Any, tmp_path: Path) -> None:
    (script,) = re.findall(r"(?ms)^```python\n(.*?)^```$", PAGE.read_text())
    (tmp_path / "leaks.py").write_text(script)
    for path, content in tree({"tests/http/parts.test.tml": 3}).items():
        (tmp_path / "library" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "library" / path).write_bytes(content)

    printed = subprocess.run(
        [sys.executable, tmp_path / "leaks.py", cluster.scheduler_address, tmp_path / "library"],
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()

    here = analyse(tree({"tests/http/parts.test.tml": 3}), ALL)
    assert printed[0] == f"error: {here.errors[0]}"
    assert [line.partition(":")[0] for line in printed[1:]] == [finding.path for finding in here.findings]
