# For scripts of this directory: starts and ends a demo of this checkout.

# Starts a demo by the given command, which takes the demo's flags, and waits until it serves. Sets `address`, its host
# and port: any free port, which the log names. Ends the demo with the script, and removes its files.
start_demo() {
  demo=$(mktemp -d)
  trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -rf "$demo"' EXIT
  RUST_LOG=info "$@" --bind 127.0.0.1:0 --database-url "sqlite://$demo/demo.db" >"$demo/out" 2>"$demo/log" &
  server=$!
  until address=$(grep -o 'serving on http://[0-9.:]*' "$demo/log" | cut -d/ -f3); do
    kill -0 "$server" 2>/dev/null || { cat "$demo/log"; exit 1; }
    sleep 0.1
  done
}
