// A WebSocket to Guildhall by the package graphql-ws, for the subscriptions of any client.

import { TerminatedCloseEvent, createClient } from 'graphql-ws';
import WebSocket from 'ws';

// Browsers have it, and Node.js from 22 on. Apollo Client looks for it as well.
globalThis.WebSocket ??= WebSocket;

/** How long a socket is left alone at least, in milliseconds: the clock here may be ahead of the server's. */
const AT_LEAST = 60_000;

export function openSocket(session) {
  // Set while the socket is connected.
  let renewal;
  const socket = createClient({
    url: session.url.replace(/^http/, 'ws'),
    // A function: each reconnection takes the token of its time.
    connectionParams: () => session.connectionParams(),
    // Also after a failure of the network, which is no proper close. An error is final, such as that of a session that
    // is over, or of what cannot be sent; the close below is one by its class only.
    shouldRetry: (cause) => !(cause instanceof Error) || cause instanceof TerminatedCloseEvent,
    on: {
      // A socket goes by the token it was opened with, and what runs on it ends when that expires. So the token is
      // renewed before, even if nothing else asks for it.
      connected() {
        if (!session.accessToken) return;
        // When that fails, whatever is asked next tells.
        renewal = setTimeout(() => session.renew().catch(() => {}), Math.max(session.goodFor, AT_LEAST));
      },
      closed({ code }) {
        clearTimeout(renewal);
        renewal = undefined;
        if (code === 4403) session.distrust();
      },
    },
  });
  // New tokens take a new socket. What ran on the old one is subscribed to again, by graphql-ws itself.
  session.onRenewal(() => renewal && socket.terminate());
  return socket;
}
