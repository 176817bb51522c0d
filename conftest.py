"""What all tests share, those of the notebooks in book/ too: the kernels' environment, and no silent skip in CI."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import matplotlib
import pytest

import refresh  # tools/refresh.py, the writer of the notebooks

pytest_plugins = ["property_tests"]  # tools/property_tests.py: what Hypothesis draws is the same every time

ROOT = Path(__file__).resolve().parent
# On the project's own machines the recordings lie beside the checkout and nothing has a reason to be skipped.
EVERYTHING_MUST_RUN = os.environ.get("CI", "").lower() in ("1", "true") and (ROOT.parent / "shared").is_dir()

# The kernels that nbval starts inherit this environment: notebooks are compared as they were written.
refresh.set_environment(refresh.DATASET, refresh.PROFILE)
# For figures drawn by the tests themselves; not as a variable, which kernels would inherit and show no figure.
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
