// Lists of many pages, one query each.
import { useCallback, useEffect, useMemo, useReducer, useRef } from "react";
import { type Client, useClient } from "urql";
import type { TypedDocumentString } from "../gql/graphql";
import { useRetry } from "./data";
import { documentNode } from "./document";
import { type AppError, errorAfter } from "./errors";
import { onResync } from "./resync";

interface PageOf<Node> {
  nodes: readonly Node[];
  pageInfo: { endCursor?: string | null; hasNextPage: boolean };
  totalCount?: number;
}

export interface Pages<Node> {
  /** The items of all loaded pages, each once. */
  nodes: readonly Node[];
  /** Number of items in the whole list, if the first page has it. */
  total: number | undefined;
  /** Whether there is nothing to show yet. */
  isLoading: boolean;
  /** Whether the items are those of other variables, until the new ones arrive. */
  isOld: boolean;
  hasMore: boolean;
  error: AppError | undefined;
  loadMore: () => void;
  refetch: () => void;
  /**
   * For long lists: only these pages, counted from 0, follow changes. Others are as they were when they were last shown,
   * because the cache reads each page again whenever one of its objects may have changed.
   */
  setLive: (first: number, last: number) => void;
}

/** How many pages of a list were loaded, so that *Back* shows as many. */
const loadedPages = new Map<string, number>();

interface Loaded<Result> {
  key: string;
  results: readonly Result[];
  error: AppError | undefined;
}

/**
 * Reads a list page by page. `variablesOf` makes the variables of a page from the cursor before it, and `select` finds the
 * page in the result.
 */
export function usePages<Result, Variables, Node extends { id: string }>(
  document: TypedDocumentString<Result, Variables>,
  variablesOf: (after: string | undefined) => Variables,
  select: (data: Result) => PageOf<Node> | null | undefined,
): Pages<Node> {
  const client = useClient();
  const [, update] = useReducer((count: number) => count + 1, 0);
  const functions = useRef({ variablesOf, select });
  functions.current = { variablesOf, select };
  const key = JSON.stringify(variablesOf(undefined));
  const shown = useRef<Loaded<Result>>({ key, results: [], error: undefined });
  const reader = useRef<Reader<Result, Variables>>(undefined);

  useEffect(() => {
    const current = new Reader(client, document, (next) => {
      // The list of before stays until there is a new one.
      if (next.results[0] || next.error) shown.current = { key, ...next };
      update();
      // As many pages as before, one after the other.
      const last = next.results.at(-1);
      const page = last && functions.current.select(last)?.pageInfo;
      const isShorter = next.results.length < (loadedPages.get(key) ?? 0);
      if (isShorter && page?.hasNextPage && page.endCursor) {
        current.load(next.results.length, functions.current.variablesOf(page.endCursor));
      }
    });
    reader.current = current;
    current.load(0, functions.current.variablesOf(undefined));
    const stop = onResync(() => current.reload());
    return () => {
      stop();
      loadedPages.set(key, current.results.length);
      current.end();
    };
  }, [client, document, key]);

  const { results, error, key: shownKey } = shown.current;
  const count = results.length;
  const last = results.at(-1);
  const lastPage = last && select(last)?.pageInfo;
  const cursor = lastPage?.hasNextPage ? lastPage.endCursor : undefined;
  const isOld = shownKey !== key;
  const loadMore = useCallback(() => {
    if (cursor && !isOld) reader.current?.load(count, functions.current.variablesOf(cursor));
  }, [cursor, count, isOld]);
  const refetch = useCallback(() => reader.current?.reload(), []);
  const setLive = useCallback((from: number, to: number) => reader.current?.setLive(from, to), []);
  useRetry(error, refetch);
  const nodes = useMemo(
    () => uniqueNodes(results.map((result) => functions.current.select(result)?.nodes)),
    [results],
  );
  const [first] = results;
  return {
    nodes,
    total: first && select(first)?.totalCount,
    isLoading: count === 0 && !error,
    isOld,
    hasMore: Boolean(cursor),
    error,
    loadMore,
    refetch,
    setLive,
  };
}

interface Request<Variables> {
  variables: Variables & Record<string, unknown>;
  /** Ends the subscription to the cache; absent for a page that is not live. */
  unsubscribe: (() => void) | undefined;
  /** The page has missed a reload. */
  isOutdated: boolean;
  error: AppError | undefined;
}

/** The pages of a list with the same variables. */
class Reader<Result, Variables> {
  results: readonly Result[] = [];
  #requests: Request<Variables>[] = [];
  #client;
  #node;
  #onChange;

  constructor(
    client: Client,
    document: TypedDocumentString<Result, Variables>,
    onChange: (loaded: { results: readonly Result[]; error: AppError | undefined }) => void,
  ) {
    this.#client = client;
    this.#node = documentNode(document);
    this.#onChange = onChange;
  }

  load(index: number, variables: Variables) {
    if (this.#requests[index]) return;
    this.#requests[index] = {
      variables: variables as Variables & Record<string, unknown>,
      unsubscribe: undefined,
      isOutdated: true,
      error: undefined,
    };
    this.#follow(index);
  }

  /** Reads the live pages from the server, and the others when they are live again. */
  reload() {
    for (const request of this.#requests) {
      if (request.unsubscribe) this.#client.query(this.#node, request.variables, NETWORK).toPromise();
      else request.isOutdated = true;
    }
  }

  setLive(first: number, last: number) {
    this.#requests.forEach((request, index) => {
      const isLive = index >= first && index <= last;
      if (isLive && !request.unsubscribe) this.#follow(index);
      else if (!isLive && request.unsubscribe && this.results[index]) {
        request.unsubscribe();
        request.unsubscribe = undefined;
      }
    });
  }

  end() {
    for (const { unsubscribe } of this.#requests) unsubscribe?.();
    this.#requests = [];
  }

  #follow(index: number) {
    const request = this.#requests[index];
    if (!request) return;
    const requestPolicy = request.isOutdated ? "cache-and-network" : "cache-first";
    request.isOutdated = false;
    const source = this.#client.query(this.#node, request.variables, { requestPolicy });
    // The cache may answer before `subscribe` returns.
    request.unsubscribe = () => {};
    const { unsubscribe } = source.subscribe((result) => {
      const { data } = result;
      request.error = errorAfter(request.error, result);
      if (data && data !== this.results[index]) {
        this.results = Object.assign([...this.results], { [index]: data });
      }
      const error = this.#requests.find((request) => request.error)?.error;
      this.#onChange({ results: this.results, error });
    });
    request.unsubscribe = unsubscribe;
  }
}

const NETWORK = { requestPolicy: "network-only" } as const;

/** A member may move to another page between two requests. */
function uniqueNodes<Node extends { id: string }>(pages: readonly (readonly Node[] | undefined)[]) {
  const nodes = new Map<string, Node>();
  for (const page of pages) for (const node of page ?? []) nodes.set(node.id, node);
  return [...nodes.values()];
}
