// One request of a session, and the errors of requests.

/**
 * A document's text or, for a server with trusted documents, its id.
 * @typedef {{ query: string } | { documentId: string }} Document
 *
 * @typedef {{ message: string, extensions?: Record<string, any> }} ResponseError
 *
 * The access token is only for `logout`, because the server refuses any request with an invalid one.
 * @typedef {{ input?: object, signal?: AbortSignal, accessToken?: string }} RequestOptions
 */

/** The errors of a response. `code` and `reason` are those of the first. */
export class SessionError extends Error {
  name = "SessionError";

  /** @param {ResponseError[]} errors */
  constructor(errors) {
    super(errors[0]?.message);
    this.errors = errors;
    this.code = /** @type {string | undefined} */ (errors[0]?.extensions?.code);
    this.reason = /** @type {string | undefined} */ (errors[0]?.extensions?.reason);
  }
}

/** The member signed out, or the server ended the session. */
export const notSignedIn = () =>
  new SessionError([
    { message: "You are not signed in.", extensions: { code: "UNAUTHENTICATED", reason: "INVALID_TOKEN" } },
  ]);

/**
 * Whether a renewal can resolve these errors. Other errors with the code `UNAUTHENTICATED` need a sign-in.
 * @param {readonly { extensions?: Record<string, any> }[] | undefined} errors
 */
export function isTokenRefused(errors) {
  return errors?.some(({ extensions }) => extensions?.reason === "INVALID_TOKEN") ?? false;
}

/** A response did not arrive, or only an error of a proxy or of the server. The request may have had its effect. */
export class LostResponse extends Error {
  name = "LostResponse";
}

/**
 * Sends a document. Returns its data, or throws one of the errors above.
 * @param {string} url
 * @param {string | undefined} guild
 * @param {Document} document
 * @param {RequestOptions} options
 */
export async function send(url, guild, document, { input, signal, accessToken }) {
  const response = await fetch(url, {
    method: "POST",
    headers: {
      Accept: "application/graphql-response+json",
      "Content-Type": "application/json",
      ...(guild && { "X-Guild": guild }),
      ...(accessToken && { Authorization: `Bearer ${accessToken}` }),
    },
    body: JSON.stringify({ ...document, variables: { input } }),
    // The page may be closed after `logout` was sent.
    keepalive: Boolean(accessToken),
    ...(signal && { signal }),
  }).catch((cause) => {
    throw new LostResponse("The server cannot be reached.", { cause });
  });
  /** @type {{ data?: any, errors?: ResponseError[] } | undefined} */
  const body = await response.json().catch(() => undefined);
  if (!body || response.status >= 500) {
    throw new LostResponse(body?.errors?.[0]?.message ?? "The server cannot be reached.");
  }
  if (body.errors) throw new SessionError(body.errors);
  return body.data;
}
