"""How property tests draw: the same every time, or newly for `make fuzz`. A plugin of pytest, loaded by conftest.py.

There are two profiles of Hypothesis. ``repeatable`` is loaded here, in CI and elsewhere: what a test draws depends
only on its source, not on a seed, the clock, or an earlier run. ``fuzz`` is chosen by tools/fuzz.py: each run has its
own seed, and failures are kept and tried first the next time.

The settings of a profile hold for every test. In Hypothesis itself, ``@settings`` of a test replaces them: a test that
silences one health check would get back the check that fails on slow machines.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, seed, settings
from hypothesis.internal.conjecture import providers

REPEATABLE, FUZZ = "repeatable", "fuzz"

for _name, _drawing in ((REPEATABLE, {"derandomize": True, "database": None}), (FUZZ, {"derandomize": False})):
    settings.register_profile(
        _name,
        parent=settings.get_profile("default"),  # and not what Hypothesis chooses where CI is set
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow],
        **_drawing,
    )
settings.load_profile(REPEATABLE)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("fuzz", "Property tests with --hypothesis-profile=fuzz")
    group.addoption("--fuzz-factor", type=float, default=1.0, help="times the examples that each test asks for")
    group.addoption("--fuzz-seed", help="seed of what is drawn (unlike --hypothesis-seed it lets failures be kept)")


@pytest.hookimpl(trylast=True)  # after the option --hypothesis-profile took effect
def pytest_configure(config: pytest.Config) -> None:
    if settings.default.derandomize:
        # Hypothesis also draws constants from our modules, if they are imported: what a test draws would depend on what
        # ran before it in the same process. There is no setting for this.
        nothing = providers.Constants()
        assert callable(providers._get_local_constants)
        providers._get_local_constants = lambda: nothing


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not settings.get_current_profile_name().startswith((REPEATABLE, FUZZ)):
        return
    functions = [getattr(item, "obj", None) for item in items]
    tests = {id(test): test for test in (getattr(f, "__func__", f) for f in functions) if is_hypothesis_test(test)}
    fuzzing = not settings.default.derandomize
    for test in tests.values():
        own = test._hypothesis_internal_use_settings
        examples = own.max_examples
        if fuzzing:
            examples = max(1, round(examples * config.getoption("fuzz_factor")))
            if config.getoption("fuzz_seed") is not None:
                seed(f"{config.getoption('fuzz_seed')} {test.__name__}")(test)
        # As Hypothesis's own plugin does it: a test cannot be decorated with settings twice.
        test._hypothesis_internal_use_settings = settings(
            own,
            max_examples=examples,
            derandomize=settings.default.derandomize,
            database=settings.default.database,
            deadline=settings.default.deadline,
            print_blob=settings.default.print_blob,
            suppress_health_check={*own.suppress_health_check, *settings.default.suppress_health_check},
        )
