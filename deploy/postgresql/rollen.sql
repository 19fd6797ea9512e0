-- Made by `casuslog config postgres`. Run it as superuser in the database casuslog: psql -d casuslog -f <this file>.
-- Each role owns its own schema and has no right in another. Set passwords afterwards: \password <role>.
\set ON_ERROR_STOP on
REVOKE ALL ON DATABASE "casuslog" FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;

-- inrichting
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'casuslog_inrichting') THEN CREATE ROLE casuslog_inrichting LOGIN; END IF;
END $$;
ALTER ROLE casuslog_inrichting NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 120;
GRANT CONNECT ON DATABASE "casuslog" TO casuslog_inrichting;
CREATE SCHEMA IF NOT EXISTS "inrichting" AUTHORIZATION casuslog_inrichting;
ALTER SCHEMA "inrichting" OWNER TO casuslog_inrichting;
REVOKE ALL ON SCHEMA "inrichting" FROM PUBLIC;
ALTER ROLE casuslog_inrichting IN DATABASE "casuslog" SET search_path = "inrichting";

-- melding
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'casuslog_melding') THEN CREATE ROLE casuslog_melding LOGIN; END IF;
END $$;
ALTER ROLE casuslog_melding NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 120;
GRANT CONNECT ON DATABASE "casuslog" TO casuslog_melding;
CREATE SCHEMA IF NOT EXISTS "melding" AUTHORIZATION casuslog_melding;
ALTER SCHEMA "melding" OWNER TO casuslog_melding;
REVOKE ALL ON SCHEMA "melding" FROM PUBLIC;
ALTER ROLE casuslog_melding IN DATABASE "casuslog" SET search_path = "melding";

-- onderzoek
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'casuslog_onderzoek') THEN CREATE ROLE casuslog_onderzoek LOGIN; END IF;
END $$;
ALTER ROLE casuslog_onderzoek NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 120;
GRANT CONNECT ON DATABASE "casuslog" TO casuslog_onderzoek;
CREATE SCHEMA IF NOT EXISTS "onderzoek" AUTHORIZATION casuslog_onderzoek;
ALTER SCHEMA "onderzoek" OWNER TO casuslog_onderzoek;
REVOKE ALL ON SCHEMA "onderzoek" FROM PUBLIC;
ALTER ROLE casuslog_onderzoek IN DATABASE "casuslog" SET search_path = "onderzoek";

-- beschikking
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'casuslog_beschikking') THEN CREATE ROLE casuslog_beschikking LOGIN; END IF;
END $$;
ALTER ROLE casuslog_beschikking NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 120;
GRANT CONNECT ON DATABASE "casuslog" TO casuslog_beschikking;
CREATE SCHEMA IF NOT EXISTS "beschikking" AUTHORIZATION casuslog_beschikking;
ALTER SCHEMA "beschikking" OWNER TO casuslog_beschikking;
REVOKE ALL ON SCHEMA "beschikking" FROM PUBLIC;
ALTER ROLE casuslog_beschikking IN DATABASE "casuslog" SET search_path = "beschikking";

-- pgb
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'casuslog_pgb') THEN CREATE ROLE casuslog_pgb LOGIN; END IF;
END $$;
ALTER ROLE casuslog_pgb NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 120;
GRANT CONNECT ON DATABASE "casuslog" TO casuslog_pgb;
CREATE SCHEMA IF NOT EXISTS "pgb" AUTHORIZATION casuslog_pgb;
ALTER SCHEMA "pgb" OWNER TO casuslog_pgb;
REVOKE ALL ON SCHEMA "pgb" FROM PUBLIC;
ALTER ROLE casuslog_pgb IN DATABASE "casuslog" SET search_path = "pgb";

-- toezicht
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'casuslog_toezicht') THEN CREATE ROLE casuslog_toezicht LOGIN; END IF;
END $$;
ALTER ROLE casuslog_toezicht NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 120;
GRANT CONNECT ON DATABASE "casuslog" TO casuslog_toezicht;
CREATE SCHEMA IF NOT EXISTS "toezicht" AUTHORIZATION casuslog_toezicht;
ALTER SCHEMA "toezicht" OWNER TO casuslog_toezicht;
REVOKE ALL ON SCHEMA "toezicht" FROM PUBLIC;
ALTER ROLE casuslog_toezicht IN DATABASE "casuslog" SET search_path = "toezicht";

-- historie
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'casuslog_historie') THEN CREATE ROLE casuslog_historie LOGIN; END IF;
END $$;
ALTER ROLE casuslog_historie NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 120;
GRANT CONNECT ON DATABASE "casuslog" TO casuslog_historie;
CREATE SCHEMA IF NOT EXISTS "historie" AUTHORIZATION casuslog_historie;
ALTER SCHEMA "historie" OWNER TO casuslog_historie;
REVOKE ALL ON SCHEMA "historie" FROM PUBLIC;
ALTER ROLE casuslog_historie IN DATABASE "casuslog" SET search_path = "historie";

-- abonnement
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'casuslog_abonnement') THEN CREATE ROLE casuslog_abonnement LOGIN; END IF;
END $$;
ALTER ROLE casuslog_abonnement NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 120;
GRANT CONNECT ON DATABASE "casuslog" TO casuslog_abonnement;
CREATE SCHEMA IF NOT EXISTS "abonnement" AUTHORIZATION casuslog_abonnement;
ALTER SCHEMA "abonnement" OWNER TO casuslog_abonnement;
REVOKE ALL ON SCHEMA "abonnement" FROM PUBLIC;
ALTER ROLE casuslog_abonnement IN DATABASE "casuslog" SET search_path = "abonnement";
