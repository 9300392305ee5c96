// What the console says about the server: what it refuses here, and that the connection is lost.
import { useEffect, useState, useSyncExternalStore } from "react";

/** Time without a socket after which the console says so, in milliseconds. */
const PATIENCE = 3_000;
/** By the reason for which the server refuses the introspection. */
const REFUSALS = {
  UNTRUSTED_DOCUMENT:
    "This server executes only the documents of its apps, because it runs with --trusted-documents. So it refuses the " +
    "console’s examples, your own operations, signing in here, and the documentation of the schema. To use the console, " +
    "run a server without this option.",
  INTROSPECTION_OFF:
    "This server does not show its schema, because it runs with --introspection off. So there is no documentation, and " +
    "the editors complete and check nothing. Operations run as usual.",
};

/** Keeps why the server refused the introspection. */
export class SchemaState {
  refusal;
  #listeners = new Set();

  watch = (listener) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  accept = ({ errors }) => {
    this.refusal = REFUSALS[errors?.[0].extensions?.reason];
    for (const listener of this.#listeners) listener();
  };
}

export function Notice({ session, schema }) {
  const refusal = useSyncExternalStore(schema.watch, () => schema.refusal);
  const lostSince = useSyncExternalStore(session.watchSockets, () => session.lostSince);
  const [isLost, setLost] = useState(false);
  useEffect(() => {
    setLost(false);
    if (lostSince === undefined) return;
    const timer = setTimeout(() => setLost(true), lostSince + PATIENCE - Date.now());
    return () => clearTimeout(timer);
  }, [lostSince]);
  // Always rendered, because screen readers announce only changes of an existing region.
  return (
    <div role="status" className="notice">
      {refusal && <p>{refusal}</p>}
      {isLost && <p>The connection is lost. Subscriptions continue when it is back.</p>}
    </div>
  );
}
