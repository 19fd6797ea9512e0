"""PostgreSQL roles: one per service, that owns its own schema and has no right anywhere else; one for the keys.

The script may be run again; it makes what is missing and takes away what is too much. It sets no passwords.
"""

from __future__ import annotations

from collections.abc import Sequence

KEYS = "sleutels"
"""Schema of the keys."""
CONNECTIONS, CONNECTIONS_FOR_KEYS = 120, 600
"""Connections of one role at most: fifty in a service and some in its relay, and as many while another process takes
over; every process has thirty for the keys."""

_ROLE = """\
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE {role} LOGIN; END IF;
END $$;
ALTER ROLE {role} NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT {connections};
GRANT CONNECT ON DATABASE "{database}" TO {role};
CREATE SCHEMA IF NOT EXISTS "{schema}" AUTHORIZATION {role};
ALTER SCHEMA "{schema}" OWNER TO {role};
REVOKE ALL ON SCHEMA "{schema}" FROM PUBLIC;
ALTER ROLE {role} IN DATABASE "{database}" SET search_path = "{schema}";
"""


def role_of(service: str) -> str:
    """The role of a service, or of the keys (:data:`KEYS`)."""
    return f"casuslog_{service.replace('-', '_')}"


def services_script(database: str, services: Sequence[str]) -> str:
    """The script for the database with the events of these services; for a superuser, in that database."""
    return _script(database, services, "casuslog config postgres")


def keys_script(database: str) -> str:
    """The script for the database with the keys of all services."""
    return _script(database, [KEYS], "casuslog config postgres --sleutels")


def _script(database: str, schemas: Sequence[str], command: str) -> str:
    head = (
        f"-- Made by `{command}`. Run it as superuser in the database {database}: psql -d {database} -f <this file>.\n"
        "-- Each role owns its own schema and has no right in another. Set passwords afterwards: \\password <role>.\n"
        "\\set ON_ERROR_STOP on\n"
        f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC;\n'
        "REVOKE ALL ON SCHEMA public FROM PUBLIC;\n"
    )
    parts = [
        f"\n-- {schema}\n"
        + _ROLE.format(
            role=role_of(schema),
            schema=schema,
            database=database,
            connections=CONNECTIONS_FOR_KEYS if schema == KEYS else CONNECTIONS,
        )
        for schema in schemas
    ]
    return head + "".join(parts)


__all__ = ["KEYS", "keys_script", "role_of", "services_script"]
