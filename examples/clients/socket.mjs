// A WebSocket to Guildhall with the package graphql-ws, for the subscriptions of any client.

import { TerminatedCloseEvent, createClient } from 'graphql-ws';
import WebSocket from 'ws';

// Node.js before 22 has no `WebSocket`. Apollo Client needs the global, too.
globalThis.WebSocket ??= WebSocket;

/** Shortest time until the renewal, in milliseconds, because this clock may be ahead of the server's. */
const MIN_RENEWAL_DELAY = 60_000;

export function openSocket(session) {
  // The timer of the next renewal, while the socket is connected.
  let renewal;
  const socket = createClient({
    url: session.url.replace(/^http/, 'ws'),
    // A function, so that each reconnection uses the current token.
    connectionParams: () => session.connectionParams(),
    // Retries also after network failures, which are no close events. Errors are final, for example when the session has
    // ended. TerminatedCloseEvent, from `terminate` below, is an error only by its class.
    shouldRetry: (cause) => !(cause instanceof Error) || cause instanceof TerminatedCloseEvent,
    on: {
      // The server uses the token that opened the socket, and ends its subscriptions when the token expires. So the
      // session is renewed before.
      connected() {
        if (!session.accessToken) return;
        // If the renewal fails, the next operation reports it.
        renewal = setTimeout(() => session.renew().catch(() => {}), Math.max(session.validFor, MIN_RENEWAL_DELAY));
      },
      closed({ code }) {
        clearTimeout(renewal);
        renewal = undefined;
        if (code === 4403) session.invalidateToken();
      },
    },
  });
  // A new token needs a new socket. graphql-ws subscribes again on it.
  session.onRenewal(() => renewal && socket.terminate());
  return socket;
}
