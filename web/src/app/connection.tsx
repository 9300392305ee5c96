// The connection of the current sign-in, for pages that follow changes.
import { createContext, useContext, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { Provider } from "urql";
import type { TypedDocumentString } from "../gql/graphql";
import { useInterval } from "../ui/useInterval";
import { documentRef } from "./document";
import { resync } from "./resync";
import { useSession } from "./session";
import { type Connection, connect } from "./urql";

const Context = createContext<Connection | undefined>(undefined);

/** Time between two reads where no WebSocket can be opened, in milliseconds. */
const POLL_INTERVAL = 10_000;
/** Time without a socket before the page says so, in milliseconds. */
const PATIENCE = 3_000;

/** Gives each sign-in a client with an empty cache. */
export function ConnectionProvider({ children }: { children: React.ReactNode }) {
  const { status, signIn } = useSession();
  // While an ended session waits for its member to sign in again, the page keeps its data.
  const key = status === "signedOut" ? undefined : signIn;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new key is a new connection.
  const connection = useMemo(connect, [key]);
  useEffect(() => connection.socket.onRefetch(resync), [connection]);
  // The socket ends with its session. This one is for a page that goes first, such as in tests.
  const { poll } = useSyncExternalStore(connection.socket.onState, connection.socket.getState);
  useInterval(resync, POLL_INTERVAL, poll);
  return (
    <Context value={connection}>
      <Provider value={connection.client}>{children}</Provider>
    </Context>
  );
}

function useConnection() {
  const connection = useContext(Context);
  if (!connection) throw new Error("There is no connection outside of its provider.");
  return connection;
}

/** Whether live updates have been missing for so long that the page should say so. */
export function useIsDisconnected() {
  const { socket } = useConnection();
  const { lostSince } = useSyncExternalStore(socket.onState, socket.getState);
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    setLate(false);
    if (lostSince === undefined) return;
    const timer = setTimeout(() => setLate(true), Math.max(0, lostSince + PATIENCE - Date.now()));
    return () => clearTimeout(timer);
  }, [lostSince]);
  return isLate;
}

/** Whether no socket can be opened, so that the page's data are read every ten seconds instead. */
export function useIsPolling() {
  const { socket } = useConnection();
  return useSyncExternalStore(socket.onState, socket.getState).poll;
}

interface LiveSink<Result> {
  onData: (data: Result) => void;
  /** The server has ended the subscription: there is nothing more to send, or the viewer may not see it. */
  onEnd?: () => void;
}

/**
 * Subscribes past the cache, for data that change often, such as tallies. The socket subscribes again after a lost
 * connection, and after `FELL_BEHIND`, and pages then read their data again. For all else, use urql's `useSubscription`
 * with `documentNode`.
 */
export function useLive<Result, Variables>(
  document: TypedDocumentString<Result, Variables>,
  variables: Variables,
  sink: LiveSink<Result>,
  { pause = false }: { pause?: boolean } = {},
) {
  const { socket } = useConnection();
  const latest = useRef(sink);
  latest.current = sink;
  const serialized = JSON.stringify(variables);
  useEffect(() => {
    if (pause) return;
    let isActive = true;
    const request = { query: "", ...documentRef(document), variables: JSON.parse(serialized) };
    const unsubscribe = socket.subscribe(request, {
      next: ({ data, errors }) => {
        if (!isActive) return;
        if (data) latest.current.onData(data as Result);
        else if (errors) latest.current.onEnd?.();
      },
      error: () => isActive && latest.current.onEnd?.(),
      complete: () => isActive && latest.current.onEnd?.(),
    });
    return () => {
      isActive = false;
      unsubscribe();
    };
  }, [socket, document, serialized, pause]);
}
