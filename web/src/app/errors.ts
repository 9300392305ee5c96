// The API's errors, in the form that pages show.
import type { CombinedError, OperationResult } from "@urql/core";
import { SessionError } from "../client/request.js";
import { permissionLabel } from "./labels";

/** `offline`: no answer. `unavailable`: the server answered with an error of its own, or a proxy did. */
export type ErrorKind =
  | "offline"
  | "unavailable"
  | "signIn"
  | "forbidden"
  | "notFound"
  | "conflict"
  | "input"
  | "rateLimited"
  | "outdated";

export interface AppError {
  kind: ErrorKind;
  /** A sentence for people, the API's where it has one. */
  message: string;
  /** `extensions.reason`, on which pages may act. */
  reason?: string | undefined;
  /** Sentences by field, such as `title` or `entries[1].name`. */
  fields: Readonly<Record<string, string>>;
  requestId?: string | undefined;
  retryAfterSeconds?: number | undefined;
}

/** Whether the same request may succeed later. */
export const isTemporary = ({ kind }: AppError) => kind === "offline" || kind === "unavailable";

interface GraphQLErrorLike {
  message: string;
  extensions?: Record<string, unknown>;
}

const KINDS: Record<string, ErrorKind> = {
  UNAUTHENTICATED: "signIn",
  FORBIDDEN: "forbidden",
  NOT_FOUND: "notFound",
  CONFLICT: "conflict",
  BAD_USER_INPUT: "input",
  RATE_LIMITED: "rateLimited",
};

/** The first error, with the fields of all of them. */
export function toAppError(error: CombinedError | Error): AppError {
  if (error instanceof SessionError) return fromGraphQL(error.errors);
  if ("graphQLErrors" in error) {
    if (error.graphQLErrors.length > 0) return fromGraphQL(error.graphQLErrors as GraphQLErrorLike[]);
    if (error.networkError instanceof SessionError) return fromGraphQL(error.networkError.errors);
    const status: unknown = error.response?.status;
    if (typeof status === "number" && status >= 400) {
      return { kind: "unavailable", message: `The server responded with an error (${status}).`, fields: {} };
    }
  }
  return { kind: "offline", message: "The server cannot be reached. Check your connection.", fields: {} };
}

/** Whether a result is from the cache alone. */
export const isCached = ({ operation }: { operation?: OperationResult["operation"] | undefined }) =>
  operation?.context.meta?.cacheOutcome === "hit";

/**
 * The error to show after a result. The cache gives data whenever another response changes them, so an error of the
 * connection is kept until the server has answered.
 */
export function errorAfter(
  before: AppError | undefined,
  result: { operation?: OperationResult["operation"] | undefined; error?: CombinedError | undefined },
) {
  if (before && isTemporary(before) && isCached(result)) return before;
  return result.error && toAppError(result.error);
}

function fromGraphQL(errors: readonly GraphQLErrorLike[]): AppError {
  const [first] = errors;
  const extensions = first?.extensions ?? {};
  const reason = text(extensions.reason);
  const fields: Record<string, string> = {};
  for (const { message, extensions: { field, fields: list } = {} } of errors) {
    if (Array.isArray(list)) {
      for (const item of list) fields[String(item.field)] ??= String(item.message);
    } else if (typeof field === "string") {
      fields[field] ??= message;
    }
  }
  return {
    kind: reason === "UNTRUSTED_DOCUMENT" ? "outdated" : (KINDS[String(extensions.code)] ?? "unavailable"),
    message: withPermissionNames(first?.message ?? "The server responded with an error."),
    reason,
    fields,
    requestId: text(extensions.requestId),
    retryAfterSeconds:
      typeof extensions.retryAfterSeconds === "number" ? extensions.retryAfterSeconds : undefined,
  };
}

/** The API's sentence with the names of permissions that pages show. */
const withPermissionNames = (message: string) =>
  message.replace(/\bthe permission ([A-Z_]+)\b/, (_, name) => `the permission “${permissionLabel(name)}”`);

const text = (value: unknown) => (typeof value === "string" ? value : undefined);
