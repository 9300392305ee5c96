// How the console talks to the server: HTTP POST for queries and mutations, graphql-transport-ws for subscriptions.
import { Kind, parse } from "graphql";
import { createClient } from "graphql-ws";

export function createFetcher(httpUrl, session) {
  const wsUrl = new URL(httpUrl);
  wsUrl.protocol = httpUrl.protocol === "https:" ? "wss:" : "ws:";

  return (params, { headers = {} } = {}) => {
    // In lower case, so that none is sent twice.
    const explicit = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    const { kind, ...meant } = operation(params);
    return kind === "subscription"
      ? subscribe(wsUrl.href, meant, explicit, session)
      : ask(httpUrl.href, meant, explicit, session);
  };
}

// Just after a change of tabs, GraphiQL names the operation of the tab before. A document of one operation needs no name.
function operation({ operationName, ...params }) {
  let operations = [];
  try {
    operations = parse(params.query).definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  } catch {
    // A syntax error: the server's own answer to it is the one to show.
  }
  const named = operations.find(({ name }) => name?.value === operationName);
  const [only] = operations.length === 1 ? operations : [];
  return { ...params, ...((named || !only) && { operationName }), kind: (named ?? only)?.operation };
}

async function ask(url, params, explicit, session) {
  // The schema is the same for all, and is to be there also when a session is not good any more.
  if (params.operationName === "IntrospectionQuery") return (await post(url, params, explicit)).body;
  const headers = await session.headers(explicit);
  const answer = await post(url, params, headers);
  if (answer.status !== 401 || headers === explicit) return answer.body;
  // Refused whole because of the session's token: once more with a new one, if there is one to be had.
  try {
    await session.renew(headers);
  } catch {
    return answer.body;
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
    // GraphiQL prints a thrown Error with its stack; a plain object is shown as it is.
    throw { message: `The request to ${url} failed: ${error.message}` };
  }
  try {
    return { status: response.status, body: JSON.parse(body) };
  } catch {
    const status = `${response.status} ${response.statusText}`.trim();
    throw { message: `The server answered ${status}, and not with JSON.`, extensions: { body } };
  }
}

// An observable rather than an async generator: a generator could not be stopped while it waits for an event.
function subscribe(url, params, explicit, session) {
  return {
    subscribe(observer) {
      const begin = () => open(url, params, () => session.headers(explicit), observer);
      let end = begin();
      // A socket goes by the token it was opened with: a new token takes a new socket.
      const forget = session.onRenewal(() => {
        if (!session.covers(explicit)) return;
        end();
        end = begin();
      });
      return {
        unsubscribe() {
          forget();
          end();
        },
      };
    },
  };
}

// Each subscription gets a socket of its own, so it always starts with the headers as they are now.
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
  return () => {
    stopped = true;
    unsubscribe();
  };
}

// A browser cannot set headers on a WebSocket, so the two the server knows travel in connection_init.
function connectionParams({ authorization, "x-guild": guild }) {
  return { authorization, guild };
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
