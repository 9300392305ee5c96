// One WebSocket to Guildhall with the package graphql-ws, for all subscriptions of a tab. It connects with the first
// subscription, notices a dead connection, reconnects without end, and renews the session's token.

import { isTokenRefused } from "./request.js";

/**
 * @typedef {import('graphql-ws').Client} Client
 *
 * - `status`: `idle` without subscriptions.
 * - `lostSince`: since when, in milliseconds since 1970, subscriptions have had no socket. Show it after about 3 seconds.
 * - `poll`: no socket could be opened so far, so queries have to be repeated instead.
 * @typedef {{ status: 'idle' | 'connecting' | 'open', lostSince: number | undefined, poll: boolean }} SocketState
 *
 * @typedef {object} Additions
 * @property {() => SocketState} getState The same object until it changes.
 * @property {(listener: () => void) => () => void} onState Calls `listener` after each change of the state.
 * @property {(listener: () => void) => () => void} onRefetch Calls `listener` when changes may have been missed: after a
 *   reconnection, after a sleep, and when a subscription fell behind.
 *
 * @typedef {object} SocketOptions
 * @property {typeof import('graphql-ws').createClient} createClient
 * @property {unknown} [webSocketImpl] For a host without `WebSocket`, such as Node.js before 22.
 * @property {EventTarget} [window] The target of `online`, `offline` and `visibilitychange`.
 */

/** Time between two pings, in milliseconds. */
const PING_INTERVAL = 10_000;
/** Longest wait for a sign of life after a ping, in milliseconds. */
const PONG_TIMEOUT = 5_000;
/** Longest wait for a new socket, in milliseconds. */
const CONNECT_TIMEOUT = 10_000;
/** Longest wait before a new attempt to connect, in milliseconds. */
const LONGEST_RETRY_DELAY = 30_000;
/** Number of failed attempts after which the state advises to poll, if none has succeeded. */
const ATTEMPTS_BEFORE_POLLING = 3;
/** Time without a running page after which changes may have been missed, in milliseconds. */
const SLEEP = 30_000;
/** Wait after a renewal that failed, in milliseconds. */
const RENEWAL_RETRY_DELAY = 10_000;

/** Close code of an error of the server, which graphql-ws would not retry. */
const SERVER_ERROR = 1011;
/** Close code for an invalid token. */
const FORBIDDEN = 4403;

/**
 * Opens the socket of a sign-in. It ends, and completes its subscriptions, when the session ends or another one starts.
 * @param {import('./session.js').Session} session
 * @param {SocketOptions} options
 * @returns {Client & Additions}
 */
export function openSocket(session, { createClient, webSocketImpl, window = globalThis.window }) {
  const signIn = session.getState();
  /** @type {SocketState} */
  let state = { status: "idle", lostSince: undefined, poll: false };
  const stateListeners = listeners();
  const refetchListeners = listeners();
  /** @type {WebSocket | undefined} The socket, while it is connected. */
  let connected;
  let failedAttempts = 0;
  let hasConnected = false;
  let isEnded = false;
  /** The next connection replaces a working one, for a new token. */
  let isPlanned = false;
  /** A refetch is due as soon as the socket shows a sign of life. */
  let isRefetchDue = false;
  let hiddenSince = 0;
  let lastTick = 0;
  let endRetryDelay = () => {};
  /** @type {Record<'connect' | 'pong' | 'renewal', ReturnType<typeof setTimeout> | undefined>} */
  const timers = { connect: undefined, pong: undefined, renewal: undefined };
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let pings;

  const client = createClient({
    url: session.url.replace(/^http/, "ws"),
    webSocketImpl,
    connectionParams,
    retryAttempts: Number.POSITIVE_INFINITY,
    retryWait,
    shouldRetry: () => !isEnded,
    // A page that replaces another one keeps the socket.
    lazyCloseTimeout: 3_000,
    on: {
      connecting: onConnecting,
      connected: (socket) => onConnected(/** @type {WebSocket} */ (socket)),
      message: onSignOfLife,
      closed: (event) => onClosed(/** @type {CloseEvent} */ (event)),
    },
  });

  async function connectionParams() {
    try {
      if (!isEnded) return await session.connectionParams();
    } catch {
      // The server cannot be reached, or the session is over, and then this socket ends.
    }
    client.terminate();
    return {};
  }

  /** @param {number} retries */
  async function retryWait(retries) {
    const longest = Math.min(1_000 * 2 ** retries, LONGEST_RETRY_DELAY);
    const delay = isPlanned || isEnded ? 0 : longest * (0.5 + Math.random() / 2);
    isPlanned = false;
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, delay);
      endRetryDelay = () => {
        clearTimeout(timer);
        resolve(undefined);
      };
    });
  }

  function onConnecting() {
    timers.connect = setTimeout(() => client.terminate(), CONNECT_TIMEOUT);
    update({ status: "connecting", lostSince: state.lostSince ?? Date.now() });
  }

  /** @param {WebSocket} socket */
  function onConnected(socket) {
    clearTimeout(timers.connect);
    connected = socket;
    lastTick = Date.now();
    pings = setInterval(tick, PING_INTERVAL);
    renewIn(session.validFor);
    isRefetchDue ||= hasConnected || failedAttempts > 0;
    hasConnected = true;
    failedAttempts = 0;
    update({ status: "open", lostSince: undefined, poll: false });
    refetchIfDue();
  }

  /** @param {CloseEvent} event */
  function onClosed({ code }) {
    if (code === SERVER_ERROR) return client.terminate();
    clearTimeout(timers.connect);
    clearTimeout(timers.pong);
    clearTimeout(timers.renewal);
    clearInterval(pings);
    timers.pong = undefined;
    if (code === FORBIDDEN) session.invalidateToken();
    const isIdle = connected !== undefined && code === 1000;
    connected = undefined;
    if (isIdle || isEnded) {
      hasConnected = false;
      return update({ status: "idle", lostSince: undefined });
    }
    failedAttempts += 1;
    const poll = state.poll || (!hasConnected && failedAttempts >= ATTEMPTS_BEFORE_POLLING);
    update({ status: "connecting", lostSince: state.lostSince ?? Date.now(), poll });
  }

  /** The server ends subscriptions when the token of their socket expires. So a new socket with a new token comes first. */
  function renewIn(/** @type {number} */ delay) {
    if (session.getState().status !== "signedIn") return;
    timers.renewal = setTimeout(
      () => session.renew().catch(() => connected && renewIn(RENEWAL_RETRY_DELAY)),
      Math.max(delay, 0),
    );
  }

  function replaceSocket() {
    if (!connected) return;
    isPlanned = true;
    client.terminate();
  }

  function tick() {
    if (Date.now() - lastTick > SLEEP) isRefetchDue = true;
    lastTick = Date.now();
    ping();
  }

  function ping() {
    if (connected?.readyState !== 1) return;
    connected.send('{"type":"ping"}');
    timers.pong ??= setTimeout(() => client.terminate(), PONG_TIMEOUT);
  }

  function onSignOfLife() {
    clearTimeout(timers.pong);
    timers.pong = undefined;
    if (connected) refetchIfDue();
  }

  function refetchIfDue() {
    if (!isRefetchDue) return;
    isRefetchDue = false;
    refetchListeners.call();
  }

  function onVisibility() {
    if (document.visibilityState === "hidden") {
      hiddenSince = Date.now();
      return;
    }
    isRefetchDue ||= Date.now() - hiddenSince > SLEEP;
    if (state.status === "idle") refetchIfDue();
    onNetwork();
  }

  function onNetwork() {
    endRetryDelay();
    ping();
  }

  /**
   * Subscribes again, without an error, when the token has expired or the subscription fell behind.
   * @type {Client['subscribe']}
   */
  function subscribe(payload, sink) {
    let unsubscribe = () => {};
    const start = () => {
      unsubscribe = client.subscribe(payload, {
        next: (value) => sink.next(/** @type {any} */ (value)),
        complete: () => sink.complete(),
        error(/** @type {any} */ cause) {
          const errors = Array.isArray(cause) ? cause : [];
          if (isTokenRefused(errors) && session.getState().status === "signedIn") {
            start();
            session.invalidateToken();
            client.terminate();
          } else if (errors.some(({ extensions }) => extensions?.reason === "FELL_BEHIND")) {
            start();
            refetchListeners.call();
          } else {
            sink.error(cause);
          }
        },
      });
    };
    start();
    return () => unsubscribe();
  }

  /** @param {Partial<SocketState>} changes */
  function update(changes) {
    state = { ...state, ...changes };
    stateListeners.call();
  }

  async function dispose() {
    if (isEnded) return;
    isEnded = true;
    for (const end of subscriptions) end();
    window?.removeEventListener("visibilitychange", onVisibility);
    window?.removeEventListener("online", onNetwork);
    window?.removeEventListener("offline", ping);
    // Not awaited, because without a network the client waits for its next connection.
    client.dispose()?.catch(() => {});
    endRetryDelay();
    client.terminate();
  }

  const subscriptions = [
    session.onRenewal(replaceSocket),
    session.subscribe(() => session.getState() !== signIn && dispose()),
  ];
  window?.addEventListener("visibilitychange", onVisibility);
  window?.addEventListener("online", onNetwork);
  window?.addEventListener("offline", ping);

  return {
    ...client,
    subscribe,
    dispose,
    getState: () => state,
    onState: stateListeners.add,
    onRefetch: refetchListeners.add,
  };
}

function listeners() {
  /** @type {Set<() => void>} */
  const all = new Set();
  return {
    add(/** @type {() => void} */ listener) {
      all.add(listener);
      return () => void all.delete(listener);
    },
    call() {
      for (const listener of all) listener();
    },
  };
}
