-- Made by `casuslog config postgres --sleutels`. Run it as superuser in the database sleutels: psql -d sleutels -f <this file>.
-- Each role owns its own schema and has no right in another. Set passwords afterwards: \password <role>.
\set ON_ERROR_STOP on
REVOKE ALL ON DATABASE "sleutels" FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;

-- sleutels
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'casuslog_sleutels') THEN CREATE ROLE casuslog_sleutels LOGIN; END IF;
END $$;
ALTER ROLE casuslog_sleutels NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 600;
GRANT CONNECT ON DATABASE "sleutels" TO casuslog_sleutels;
CREATE SCHEMA IF NOT EXISTS "sleutels" AUTHORIZATION casuslog_sleutels;
ALTER SCHEMA "sleutels" OWNER TO casuslog_sleutels;
REVOKE ALL ON SCHEMA "sleutels" FROM PUBLIC;
ALTER ROLE casuslog_sleutels IN DATABASE "sleutels" SET search_path = "sleutels";
