"""The page's end-to-end tests once more, on a real Directus behind our relay."""

from tests.e2e.test_guide import *  # noqa: F403
from tests.e2e.test_page import *  # noqa: F403
