# For scripts that log in at PostgreSQL: sourced after tls.sh.
#   database    starts PostgreSQL on $port with server.pem, for the user that
#               docs/pkcs11/postgresql.md lets in by the certificate
#   who FILE    asks it by the psql command of FILE who the server says that we are
database() {
    bin=$(find /usr/lib/postgresql -name initdb -printf '%h\n' | tail -n 1)
    data=$PWD/data
    mkdir "$data"
    # Its server does not run as root, and the folders above are root's alone.
    as=
    if [ "$(id -u)" = 0 ]; then
        as="runuser -u postgres --"
        data=$(mktemp -d)
        trap 'stop; rm -rf "$data"' EXIT
    fi
    cp server.pem server.key "$data"
    cp "$SIGNER" "$data/signer.pem"
    sh "$PAGE" postgresql 2 >"$data/hba"
    sh "$PAGE" postgresql 3 | sed 's/N000001/PKCS11-INTEROP/' >"$data/ident"
    chmod 600 "$data/server.key"
    [ -z "$as" ] || chown -R postgres "$data"
    (
        cd "$data"
        $as "$bin/initdb" --pgdata cluster --username postgres >initdb.out 2>&1
        cat >>cluster/postgresql.conf <<END
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '$data'
ssl = on
ssl_cert_file = '$data/server.pem'
ssl_key_file = '$data/server.key'
ssl_ca_file = '$data/signer.pem'
hba_file = '$data/hba'
ident_file = '$data/ident'
fsync = off
END
        # The user is made before anybody listens.
        echo 'CREATE ROLE device LOGIN' |
            $as "$bin/postgres" --single -D cluster postgres >role.out 2>&1
    )
    (cd "$data" && exec $as "$bin/postgres" -D cluster >log 2>&1) &
    running="$running $!"
    listening "$port" || { cat "$data/log"; return 1; }
}
who() {
    query='SELECT current_user, client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()'
    sed "s/^\\$ //; s/host=localhost/& port=$port/" "$1" | tr -d '\n' >login.sh
    printf ' --no-psqlrc --tuples-only --no-align --command "%s"\n' "$query" >>login.sh
    sh -eu login.sh 2>psql.err || { cat psql.err "$data/log" >&2; return 1; }
}
