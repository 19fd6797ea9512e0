"""The world in which the relay is tested."""

from tests.casuslog.consume.conftest import world as world
