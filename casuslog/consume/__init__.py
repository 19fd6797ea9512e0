"""Reading the log with effects that happen once and in order: inbox, lanes, parking, catch-up, timers. Knows no nameko.

Import from the modules; this package pulls in nothing by itself, so that a light subscriber can use
:mod:`casuslog.consume.wire` without a database.
"""
