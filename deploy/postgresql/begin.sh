#!/usr/bin/env bash
# The first start of PostgreSQL in the compose installation: a database for the events, one for the keys, and the roles.
set -euo pipefail
createdb -U "$POSTGRES_USER" sleutels
psql -q -U "$POSTGRES_USER" -d casuslog -f /casuslog/rollen.sql
psql -q -U "$POSTGRES_USER" -d sleutels -f /casuslog/sleutels.sql
while IFS== read -r rol wachtwoord; do
    psql -q -U "$POSTGRES_USER" -v rol="$rol" -v wachtwoord="$wachtwoord" <<<"ALTER ROLE :rol PASSWORD :'wachtwoord';"
done <"${CASUSLOG_WACHTWOORDEN:-/run/secrets/postgresql}"
