#!/bin/sh
# Follows a subscription over HTTP with curl and jq: everything after the last number, for ever (or until it is quiet).
#
#   ADRES=https://casuslog.example:8107 ABONNEMENT=01a2... TOKEN=eyJ... ./volg.sh [positiebestand]
#
# Prints an event per line. The last number stands in a file, written after its event was printed: who is broken off in
# between gets that event once more. STOP=1: end when there is nothing new, instead of waiting for more.
set -eu
bestand=${1:-positie.txt}
wacht=20
[ "${STOP:-}" = 1 ] && wacht=0
na=$(cat "$bestand" 2>/dev/null || echo 0)
while :; do
    url="$ADRES/abonnementen/$ABONNEMENT/gebeurtenissen?na=$na&limiet=100&wacht=$wacht"
    # The token goes in by a file: a command line can be read by others on this machine.
    if ! blad=$(printf 'header = "Authorization: Bearer %s"\n' "$TOKEN" | curl -sS --fail-with-body -m 40 -K - "$url"); then
        printf '%s\n' "$blad" | jq -r '.detail // .' >&2 || true
        [ "${STOP:-}" = 1 ] && exit 1
        sleep 5
        continue
    fi
    printf '%s\n' "$blad" | jq -c '.gebeurtenissen[]'
    nieuw=$(printf '%s\n' "$blad" | jq -r '.gebeurtenissen | last | .nummer // empty')
    if [ -n "$nieuw" ]; then
        na=$nieuw
        printf '%s\n' "$na" > "$bestand"
    elif [ "${STOP:-}" = 1 ]; then
        exit 0
    fi
done
