"""`make bench`: product beside baseline, in the same minutes on the same machine."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.bench.ground import BASELINES, CUSTOMERS, Ground, fill, ground


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark all that is here, and leave it out unless it is asked for: it takes minutes and wants the machine for itself."""
    ours = [item for item in items if Path(__file__).parent in item.path.parents]
    for item in ours:
        item.add_marker(pytest.mark.bench)
        if not BASELINES.exists():
            item.add_marker(pytest.mark.skip(reason=f"The baselines are not at {BASELINES}."))
    items.sort(key=lambda item: "crowd" in getattr(item, "fixturenames", ()))  # what wants empty tables comes before they are filled
    if "bench" not in config.option.markexpr:
        items[:] = [item for item in items if item not in ours]
        config.hook.pytest_deselected(items=ours)


@pytest.fixture(scope="session")
def empty() -> Iterator[Ground]:
    """A server with the product's tables and nobody in them. The report is not mixed with a line for each request."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with ground() as made:
        print(f"\n{CUSTOMERS:,} customers; columns: ours, baseline, unit, ratio")
        print(f"{'calibration (about 430 where the guides were taken)':62} {made.baseline('calibrate')['calibration']:12,.1f} ms")
        yield made


@pytest.fixture(scope="session")
def crowd(empty: Ground) -> Ground:
    """The same server with the baseline's people on both sides."""
    fill(empty)
    return empty
