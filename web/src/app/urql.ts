// The GraphQL client of a sign-in: a normalised cache, the session, documents by id, HTTP, and one WebSocket.
import { Client, fetchExchange, type Operation, subscriptionExchange } from "@urql/core";
import { authExchange } from "@urql/exchange-auth";
import { cacheExchange } from "@urql/exchange-graphcache";
import { persistedExchange } from "@urql/exchange-persisted";
import { createClient as createWebSocketClient } from "graphql-ws";
import { isTokenRefused } from "../client/session.js";
import { openSocket } from "../client/socket.js";
import { setServerTime } from "../ui/clock";
import { setServerBuild } from "./build";
import { documentIdOf } from "./document";
import { apiUrl, session } from "./session";

/** Longest wait for a response, in milliseconds. */
const TIMEOUT = 30_000;

/** `fetch` with a limit of time, which reads the server's clock and build from each response. */
export const apiFetch: typeof fetch = async (input, init) => {
  const startedAt = performance.now();
  const signals = [AbortSignal.timeout(TIMEOUT), ...(init?.signal ? [init.signal] : [])];
  const response = await fetch(input, { ...init, signal: AbortSignal.any(signals) });
  setServerTime(response.headers.get("date"), performance.now() - startedAt);
  setServerBuild(response.headers.get("x-guildhall-build"));
  return response;
};

type Keys = NonNullable<Parameters<typeof cacheExchange>[0]>["keys"];

/** Every id is unique, and an object without one is part of its parent. */
const keys = new Proxy({} as NonNullable<Keys>, {
  get: () => (data: { id?: string | null }) => data.id ?? null,
});

/** The access token with which an operation was sent. */
function tokenOf({ context: { fetchOptions } }: Operation) {
  const { headers } = (typeof fetchOptions === "function" ? fetchOptions() : fetchOptions) ?? {};
  return new Headers(headers).get("authorization")?.replace(/^Bearer /, "");
}

export type Connection = ReturnType<typeof connect>;

/** A client with an empty cache, and its socket. Each sign-in has its own. */
export function connect() {
  const socket = openSocket(session, { createClient: createWebSocketClient });
  socket.on("connected", (_socket, payload) => {
    const build = (payload as { build?: unknown } | undefined)?.build;
    if (typeof build === "string") setServerBuild(build);
  });
  let refusedToken: string | undefined;
  /** Whether the pages show what a member may see. */
  let isMember = false;
  const isEnded = () => session.getState().status === "ended";
  const authorization = authExchange(async ({ appendHeaders }) => ({
    addAuthToOperation(operation) {
      isMember ||= session.accessToken !== undefined;
      return appendHeaders(operation, session.headers);
    },
    // After the end of the session a member's page keeps its data, which are not read again as a visitor's.
    willAuthError: ({ kind }) => session.needsRenewal || (isMember && kind === "query" && isEnded()),
    didAuthError({ graphQLErrors }, operation) {
      if (!isTokenRefused(graphQLErrors)) return false;
      refusedToken = tokenOf(operation);
      return true;
    },
    refreshAuth: () => session.renew(refusedToken),
  }));
  const documentIds = persistedExchange({
    enforcePersistedQueries: true,
    enableForMutation: true,
    enableForSubscriptions: true,
    // Proxies would log the variables in an address.
    preferGetForPersistedQueries: false,
    generateHash: async (_text, document) => documentIdOf(document),
  });
  const subscriptions = subscriptionExchange({
    forwardSubscription: (request) => ({
      subscribe: (sink) => ({
        unsubscribe: socket.subscribe({ ...request, query: request.query ?? "" }, sink as never),
      }),
    }),
  });
  const client = new Client({
    url: apiUrl,
    fetch: apiFetch,
    preferGetMethod: false,
    // A page shows what the cache has, and then what is new.
    requestPolicy: "cache-and-network",
    exchanges: [
      cacheExchange({ keys }),
      authorization,
      ...(import.meta.env.PROD ? [documentIds] : []),
      fetchExchange,
      subscriptions,
    ],
  });
  return { client, socket };
}
