// Sends operations to the server: HTTP POST for queries and mutations, graphql-transport-ws for subscriptions.
import { Kind, parse } from "graphql";
import { createClient } from "graphql-ws";

export function createFetcher(httpUrl, session) {
  const wsUrl = new URL(httpUrl);
  wsUrl.protocol = httpUrl.protocol === "https:" ? "wss:" : "ws:";

  return (params, { headers = {} } = {}) => {
    // In lower case, so that no header is sent twice.
    const explicit = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
    );
    const { kind, ...request } = selectOperation(params);
    return kind === "subscription"
      ? subscribe(wsUrl.href, request, explicit, session)
      : execute(httpUrl.href, request, explicit, session);
  };
}

// Just after a change of tabs, GraphiQL sends the operation name of the previous tab. A document with one operation needs no
// name, so a wrong one is dropped.
function selectOperation({ operationName, ...params }) {
  let operations = [];
  try {
    operations = parse(params.query).definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  } catch {
    // A syntax error, which the server's response explains.
  }
  const named = operations.find(({ name }) => name?.value === operationName);
  const [only] = operations.length === 1 ? operations : [];
  return { ...params, ...((named || !only) && { operationName }), kind: (named ?? only)?.operation };
}

async function execute(url, params, explicit, session) {
  // The schema is the same for everyone. Without the session, it loads also when the session has ended.
  if (params.operationName === "IntrospectionQuery") return (await post(url, params, explicit)).body;
  const headers = await session.headers(explicit);
  const response = await post(url, params, headers);
  if (response.status !== 401 || headers === explicit) return response.body;
  // The server refused the session's token. Retries once with a new one, if the renewal succeeds.
  try {
    await session.renew(headers);
  } catch {
    return response.body;
  }
  return (await post(url, params, await session.headers(explicit))).body;
}

async function post(url, params, headers) {
  let response;
  let body;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/graphql-response+json, application/json;q=0.9",
        ...headers,
      },
      body: JSON.stringify(params),
    });
    body = await response.text();
  } catch (error) {
    // GraphiQL prints a thrown Error with its stack, but a plain object without one.
    throw { message: `The request to ${url} failed: ${error.message}` };
  }
  try {
    return { status: response.status, body: JSON.parse(body) };
  } catch {
    const status = `${response.status} ${response.statusText}`.trim();
    throw { message: `The server responded with ${status}, but not with JSON.`, extensions: { body } };
  }
}

// An observable, because an async generator cannot be stopped while it waits for an event.
function subscribe(url, params, explicit, session) {
  return {
    subscribe(observer) {
      const start = () => open(url, params, () => session.headers(explicit), observer);
      let stop = start();
      // The server uses the token that opened the socket, so a new token needs a new socket.
      const removeListener = session.onRenewal(() => {
        if (!session.appliesTo(explicit)) return;
        stop();
        stop = start();
      });
      return {
        unsubscribe() {
          removeListener();
          stop();
        },
      };
    },
  };
}

// Each subscription opens its own socket, so it always starts with the current headers.
function open(url, params, headers, observer) {
  let stopped = false;
  const finish = (report) => {
    if (stopped) return;
    stopped = true;
    report();
  };
  const client = createClient({
    url,
    connectionParams: async () => connectionParams(await headers()),
    // Shows a refused or dropped socket at once, not after five silent attempts.
    retryAttempts: 0,
    on: {
      closed(event) {
        finish(() => observer.error(readable(event, url)));
        // Otherwise graphql-ws would reconnect after a regular close, in spite of retryAttempts.
        // It rejects if the socket was refused, which has just been reported.
        client.dispose().catch(() => {});
      },
    },
  });
  const unsubscribe = client.subscribe(params, {
    next: (result) => stopped || observer.next(result),
    error: (error) => finish(() => observer.error(readable(error, url))),
    complete: () => finish(() => observer.complete()),
  });
  return () => {
    stopped = true;
    unsubscribe();
  };
}

// A browser cannot set headers on a WebSocket, so connection_init carries the two that the server reads.
function connectionParams({ authorization, "x-guild": guild }) {
  return { authorization, guild };
}

// Converts an error for GraphiQL, which can print GraphQL errors, but no close events.
function readable(error, url) {
  if (typeof error?.code === "number") {
    const reason = error.reason ? `${error.code} ${error.reason}` : `${error.code}`;
    return {
      message:
        error.code === 1006
          ? `The socket to ${url} could not be opened or was cut off (close code 1006).`
          : `The server closed the socket: ${reason}`,
      extensions: { closeCode: error.code, closeReason: error.reason },
    };
  }
  if (error instanceof Error) return { message: error.message };
  if (error instanceof Event) return { message: `The socket to ${url} could not be opened.` };
  return error;
}
