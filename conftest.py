"""What all tests share, including those of the notebooks in book/: the kernels' environment, no silent skip in CI, and
what property tests draw.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import matplotlib
import pytest

import refresh  # tools/refresh.py, the writer of the notebooks

pytest_plugins = ["property_tests"]  # tools/property_tests.py: the same examples every time

ROOT = Path(__file__).resolve().parent
# On the project's own machines the recordings are next to the checkout, so there is no reason to skip a test.
EVERYTHING_MUST_RUN = os.environ.get("CI", "").lower() in ("1", "true") and (ROOT.parent / "shared").is_dir()

# The kernels that nbval starts inherit this environment, so notebooks are compared under the same conditions.
refresh.set_environment(refresh.DATASET, refresh.PROFILE)
# For figures drawn by the tests themselves. Not an environment variable: kernels would inherit it and show no figure.
matplotlib.use("Agg")


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure that says why it was skipped."""
    reason = report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr
    report.outcome = "failed"
    report.longrepr = f"{reason} (CI with ../shared: nothing may be skipped, except what is marked may_skip)"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if EVERYTHING_MUST_RUN and report.skipped and not hasattr(report, "wasxfail"):
        if item.get_closest_marker("may_skip") is None:
            _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    report = yield
    if EVERYTHING_MUST_RUN and report.skipped:
        _refuse_skip(report)
    return report
