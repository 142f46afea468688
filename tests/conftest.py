"""The real language model, for the tests that ask it: loaded once for all of them.

Imports the package only when it is asked for, as conftest.py beside pyproject.toml says why.
"""

import pytest

NAME = "smollm2-135m-instruct"


@pytest.fixture(scope="session")
def tokenizer():
    from minitransformer import pretrained

    return pretrained.load_tokenizer(NAME)


@pytest.fixture(scope="session")
def model():
    from minitransformer import pretrained

    return pretrained.load(NAME)
