"""Case 2 of the demo, for tests of what is exported of it."""

from tests.casuslog.vernietigen.conftest import zaak2 as zaak2
