"""The studies of all companies, made once for the tests of this room."""

import companies
import pytest


@pytest.fixture(scope="session")
def studies():
    return companies.studies()
