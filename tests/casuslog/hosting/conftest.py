"""The world in which hosted consumers are tested."""

from tests.casuslog.consume.conftest import broker as broker
from tests.casuslog.consume.conftest import world as world
