# For scripts of this directory: starts and ends a PostgreSQL cluster of its own.

# Starts a cluster that listens only on a socket in its folder, and sets `TEST_DATABASE_URL`. Ends the cluster with the
# script, and removes its files.
start_postgres() {
  local programs
  programs=$(dirname "$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -n 1)")
  cluster=$(mktemp -d)
  # PostgreSQL refuses to run as root.
  as_owner=()
  if [ "$(id -u)" = 0 ]; then
    chown postgres "$cluster"
    as_owner=(runuser -u postgres --)
  fi
  pg_ctl=("${as_owner[@]}" "$programs/pg_ctl" -D "$cluster/data" -s -w)
  trap 'cd /; "${pg_ctl[@]}" -m immediate stop || true; rm -rf "$cluster"' EXIT
  (
    cd "$cluster"
    "${as_owner[@]}" "$programs/initdb" -D data -A trust -U postgres -E UTF8 --locale=C.UTF-8 --no-sync >/dev/null
    "${pg_ctl[@]}" -l "$cluster/log" -o "-k $cluster -c listen_addresses= -c fsync=off" start
  )
  export TEST_DATABASE_URL=postgres://postgres@${cluster//\//%2F}/postgres
}
