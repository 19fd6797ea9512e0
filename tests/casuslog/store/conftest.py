"""The contract suites live in the package; their assertions should explain themselves all the same."""

import pytest

pytest.register_assert_rewrite(
    *(
        f"casuslog.testing._store_{cases}"
        for cases in ("alone", "appending", "base", "commands", "guarding", "importing", "reading")
    )
)
