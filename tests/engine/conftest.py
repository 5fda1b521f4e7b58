"""A call centre for the tests of the engine that need all of it."""

import pytest

from tests.journey import Centre


@pytest.fixture
def centre(redis_url, redis, tmp_path):
    """Opens a call centre; closed, whatever happened, at the end."""
    open_centres = []

    def centre(*options, **campaign):
        open_centres.append(Centre(redis_url, tmp_path, *options, **campaign))
        return open_centres[-1]

    yield centre
    for each in open_centres:
        each.stop()
