// How the console talks to the server: HTTP POST for queries and mutations, graphql-transport-ws for subscriptions.
import { getOperationAST, parse } from "graphql";
import { createClient } from "graphql-ws";

export function createFetcher(httpUrl) {
  const wsUrl = new URL(httpUrl);
  wsUrl.protocol = httpUrl.protocol === "https:" ? "wss:" : "ws:";

  return (params, { headers = {} } = {}) =>
    isSubscription(params) ? subscribe(wsUrl.href, params, headers) : post(httpUrl.href, params, headers);
}

function isSubscription({ query, operationName }) {
  try {
    return getOperationAST(parse(query), operationName)?.operation === "subscription";
  } catch {
    // A syntax error: the server's own answer to it is the one to show.
    return false;
  }
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
    // GraphiQL prints a thrown Error with its stack; a plain object is shown as it is.
    throw { message: `The request to ${url} failed: ${error.message}` };
  }
  try {
    return JSON.parse(body);
  } catch {
    const status = `${response.status} ${response.statusText}`.trim();
    throw { message: `The server answered ${status}, and not with JSON.`, extensions: { body } };
  }
}

// Each subscription gets a socket of its own, so it always starts with the headers as they are now.
// An observable rather than an async generator: a generator could not be stopped while it waits for an event.
function subscribe(url, params, headers) {
  return {
    subscribe(observer) {
      let stopped = false;
      const finish = (report) => {
        if (stopped) return;
        stopped = true;
        report();
      };
      const client = createClient({
        url,
        connectionParams: connectionParams(headers),
        // A refused or dropped socket is worth seeing at once, not after five silent attempts.
        retryAttempts: 0,
        on: {
          closed(event) {
            finish(() => observer.error(readable(event, url)));
            // Without this graphql-ws would connect again after a regular close, whatever retryAttempts says.
            // It rejects when the socket was refused, which has just been reported.
            client.dispose().catch(() => {});
          },
        },
      });
      const unsubscribe = client.subscribe(params, {
        next: (result) => stopped || observer.next(result),
        error: (error) => finish(() => observer.error(readable(error, url))),
        complete: () => finish(() => observer.complete()),
      });
      return {
        unsubscribe() {
          stopped = true;
          unsubscribe();
        },
      };
    },
  };
}

// A browser cannot set headers on a WebSocket, so the two the server knows travel in connection_init.
function connectionParams(headers) {
  const params = {};
  for (const [name, value] of Object.entries(headers)) {
    const key = { authorization: "authorization", "x-guild": "guild" }[name.toLowerCase()];
    if (key) params[key] = value;
  }
  return params;
}

// What GraphiQL should print: it knows GraphQL errors and nothing of close events.
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
