// How pages read and change data.
import { useCallback, useEffect, useRef, useState } from "react";
import { type Client, type OperationContext, type UseQueryState, useClient, useQuery } from "urql";
import type { TypedDocumentString } from "../gql/graphql";
import { documentNode } from "./document";
import { type AppError, errorAfter, isCached, isTemporary, toAppError } from "./errors";
import { onResync, reportSuccess, resync } from "./resync";
import { session } from "./session";

export interface Data<Result> {
  /** The newest data, from the cache or the server; also that of before while the server cannot be reached. */
  data: Result | undefined;
  error: AppError | undefined;
  /** Whether there is nothing to show yet. */
  isLoading: boolean;
  /** Whether newer data are on their way. */
  isRefreshing: boolean;
  /** Reads again from the server. */
  refetch: () => void;
  /** When the data came from the server, in milliseconds since 1970. */
  loadedAt: number | undefined;
}

interface ReadOptions {
  /** Whether to wait, for example for a variable. */
  pause?: boolean;
  requestPolicy?: OperationContext["requestPolicy"];
}

/** Reads a document, follows its changes in the cache, and reads it again after a lost connection. */
export function useData<Result, Variables>(
  document: TypedDocumentString<Result, Variables>,
  variables: Variables,
  { pause = false, requestPolicy }: ReadOptions = {},
): Data<Result> {
  const [result, execute] = useQuery({
    query: documentNode(document),
    variables: variables as Variables & Record<string, unknown>,
    pause,
    ...(requestPolicy && { requestPolicy }),
  });
  const refetch = useCallback(() => execute({ requestPolicy: "network-only" }), [execute]);
  useEffect(() => (pause ? undefined : onResync(refetch)), [pause, refetch]);
  const client = useClient();
  const key = JSON.stringify(variables);
  const memory = useRef<Memory<Result>>(undefined);
  if (memory.current?.client !== client || memory.current.key !== key) {
    // The client of the next sign-in starts empty. The member's page stays until that client has read the data.
    const isKept = memory.current?.key === key && session.getState().status !== "signedOut";
    memory.current = { client, key, data: isKept ? memory.current?.data : undefined };
  }
  const seen = memory.current;
  remember(seen, result);
  const { fetching, stale } = result;
  const { error } = seen;
  useRetry(error, refetch);
  const data = result.data ?? (error || fetching ? seen.data : undefined);
  return {
    data,
    error,
    isLoading: !data && (fetching || pause),
    isRefreshing: stale || (fetching && Boolean(data)),
    refetch,
    loadedAt: seen.at,
  };
}

/** What a component has seen of a document with its variables. */
interface Memory<Result> {
  client: Client;
  key: string;
  result?: UseQueryState<Result>;
  data?: Result | undefined;
  error?: AppError | undefined;
  at?: number;
}

/** The cache gives no data with an error, so those of before are kept. */
function remember<Result>(seen: Memory<Result>, result: UseQueryState<Result>) {
  if (seen.result === result) return;
  seen.result = result;
  if (result.data) seen.data = result.data;
  if (result.fetching || !(result.data || result.error)) return;
  seen.error = errorAfter(seen.error, result);
  if (seen.error?.kind === "forbidden" || seen.error?.kind === "notFound") seen.data = undefined;
  if (!seen.error && !isCached(result)) seen.at = Date.now();
}

/** Waits between two tries to reach the server, in milliseconds. */
const RETRY_DELAYS = [2_000, 5_000, 10_000, 20_000, 30_000];

/** Reads again while the server cannot be reached. */
export function useRetry(error: AppError | undefined, refetch: () => void) {
  const attempts = useRef(0);
  useEffect(() => {
    if (!error || !isTemporary(error)) {
      attempts.current = 0;
      return;
    }
    // Trying again does not help against an error of the server itself.
    if (error.requestId) return;
    const delay = RETRY_DELAYS[attempts.current] ?? RETRY_DELAYS.at(-1);
    attempts.current += 1;
    const timer = setTimeout(refetch, delay);
    return () => clearTimeout(timer);
  }, [error, refetch]);
}

export interface Outcome<Result> {
  data?: Result;
  error?: AppError;
}

/** Errors after which pages read their data again. */
const OUTDATING: ReadonlySet<AppError["kind"]> = new Set([
  "forbidden",
  "notFound",
  "conflict",
  // The server may have made the change.
  "offline",
  "unavailable",
]);

/**
 * A mutation. `run` resolves with its data or its error, and never rejects. `error` is that of the last run, for the
 * form's fields. A form that says whether it `isDirty` forgets an error of the connection, and a conflict, once its page has
 * read what it would save.
 */
export function useAction<Result, Variables>(
  document: TypedDocumentString<Result, Variables>,
  { isDirty = true }: { isDirty?: boolean } = {},
) {
  const client = useClient();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<AppError>();
  const [failed, setFailed] = useState(client);
  const run = useCallback(
    async (variables: Variables, context?: Partial<OperationContext>): Promise<Outcome<Result>> => {
      setBusy(true);
      setError(undefined);
      const node = documentNode(document);
      const result = await client
        .mutation(node, variables as Variables & Record<string, unknown>, context)
        .toPromise();
      setBusy(false);
      if (result.error || !result.data) {
        const failure = withoutTokens(toAppError(result.error ?? new Error()));
        setError(failure);
        setFailed(client);
        // The page may show something that is no longer so, such as a control for a rank that the member has lost.
        if (OUTDATING.has(failure.kind)) resync();
        return { error: failure };
      }
      reportSuccess();
      return { data: result.data };
    },
    [client, document],
  );
  const reset = useCallback(() => setError(undefined), []);
  if (!isDirty && error && (isTemporary(error) || error.kind === "conflict")) setError(undefined);
  // The member has signed in again since.
  if (error?.kind === "signIn" && failed !== client) setError(undefined);
  return { run, busy, error, reset };
}

/** The end of the session in words that still hold after the next sign-in. The API's sentence is about a token. */
const withoutTokens = (error: AppError): AppError =>
  error.kind === "signIn" && session.getState().status === "ended"
    ? { ...error, message: "Your session had ended, so this was not done. Try it again." }
    : error;

/** Reads a document once, outside of a component's data, such as for a download. */
export function useFetch() {
  const client = useClient();
  return useCallback(
    async <Result, Variables>(
      document: TypedDocumentString<Result, Variables>,
      variables: Variables,
    ): Promise<Outcome<Result>> => {
      const result = await client
        .query(documentNode(document), variables as Variables & Record<string, unknown>, {
          requestPolicy: "network-only",
        })
        .toPromise();
      if (result.error || !result.data) {
        return { error: withoutTokens(toAppError(result.error ?? new Error())) };
      }
      return { data: result.data };
    },
    [client],
  );
}
