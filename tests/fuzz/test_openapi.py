"""Every endpoint of openapi.json is called with generated input, good and bad: whatever comes, it is no fault of ours.

FUZZ_CASES says how many cases in all; the suite takes a few, `make fuzz` 2,000.
"""

import contextvars
import os
from collections import Counter
from typing import Any

import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode

from tests.factories.auth import api_key

CASES = int(os.environ.get("FUZZ_CASES", "200"))


def test_no_input_breaks_an_endpoint(app: Flask, session: Any) -> None:
    headers = api_key()
    session.commit()
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    schema.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
    operations = [found.ok() for found in schema.get_all_operations()]
    seen: Counter[int] = Counter()
    broken: list[str] = []
    each = max(CASES // len(operations), 1)

    def call(case: Any) -> None:
        answer = contextvars.Context().run(case.call, headers=headers)
        seen[answer.status_code] += 1
        if answer.status_code >= 500 and answer.status_code != 503:
            broken.append(f"{answer.status_code} {case.as_curl_command()}")

    for operation in operations:
        wild = given(case=operation.as_strategy())(call)
        settings(
            max_examples=each,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )(wild)()
    assert broken == []
    assert len(seen) > 2, seen
