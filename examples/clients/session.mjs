// A session with Guildhall, for any client: signs in, stores the tokens and renews them. It uses plain `fetch`, because the
// client waits for the renewal and cannot send it.

const LOGIN = /* GraphQL */ `
  mutation Login($input: LoginInput!) {
    login(input: $input) { accessToken accessTokenExpiresAt refreshToken }
  }
`;
const REFRESH_SESSION = /* GraphQL */ `
  mutation RefreshSession($input: RefreshSessionInput!) {
    refreshSession(input: $input) { accessToken accessTokenExpiresAt refreshToken }
  }
`;

/** The documents for signing in and for renewing. */
const DOCUMENTS = { login: { query: LOGIN }, refreshSession: { query: REFRESH_SESSION } };

/** Time before its expiry from which an access token is no longer used, in milliseconds. */
const EXPIRY_MARGIN = 60_000;
/** Time after a renewal in which a refusal can still concern the previous token, in milliseconds. */
const REFUSAL_DELAY = 5_000;

export class Session {
  accessToken;
  #documents;
  #expiresAt;
  #refreshToken;
  #renewal;
  #renewedAt = -Infinity;
  #listeners = [];

  /**
   * `guild` is the slug for `X-Guild`; a site for one guild omits it. With a server that accepts only trusted documents, pass
   * their ids: `{ login: { documentId }, refreshSession: { documentId } }`.
   */
  constructor(url, guild, documents = DOCUMENTS) {
    this.url = url;
    this.guild = guild;
    this.#documents = documents;
  }

  async signIn(discordUsername, password) {
    this.#store((await this.#post(this.#documents.login, { discordUsername, password })).login);
  }

  /** The headers of a request, signed in or not. */
  get headers() {
    return {
      ...(this.guild && { 'X-Guild': this.guild }),
      ...(this.accessToken && { Authorization: `Bearer ${this.accessToken}` }),
    };
  }

  /** The payload of `connection_init`. */
  async connectionParams() {
    if (this.accessToken && this.validFor <= 0) await this.renew();
    return { guild: this.guild, authorization: this.headers.Authorization };
  }

  /** Time until the access token should be renewed, in milliseconds. */
  get validFor() {
    return this.#expiresAt - EXPIRY_MARGIN - Date.now();
  }

  /** Marks the access token as invalid, because the server refused it before its expiry. */
  invalidateToken() {
    this.#expiresAt = 0;
  }

  /** Renews the tokens. Concurrent calls share one renewal, because a refresh token that is used again later ends its session. */
  async renew() {
    if (performance.now() - this.#renewedAt < REFUSAL_DELAY) return;
    this.#renewal ??= this.#renew().finally(() => (this.#renewal = undefined));
    await this.#renewal;
  }

  /** Calls `listener` after each renewal. */
  onRenewal(listener) {
    this.#listeners.push(listener);
  }

  async #renew() {
    const input = { refreshToken: this.#refreshToken };
    this.#store((await this.#post(this.#documents.refreshSession, input)).refreshSession);
    this.#renewedAt = performance.now();
    for (const listener of this.#listeners) listener();
  }

  #store({ accessToken, accessTokenExpiresAt, refreshToken }) {
    this.accessToken = accessToken;
    this.#expiresAt = Date.parse(accessTokenExpiresAt);
    this.#refreshToken = refreshToken;
  }

  async #post(document, input) {
    const response = await fetch(this.url, {
      method: 'POST',
      // Without `Authorization`, because the server refuses any request with an invalid token.
      headers: { 'Content-Type': 'application/json', ...(this.guild && { 'X-Guild': this.guild }) },
      body: JSON.stringify({ ...document, variables: { input } }),
    });
    const { data, errors } = await response.json();
    // With `code` and `reason`: UNAUTHENTICATED and INVALID_TOKEN if the session has ended.
    if (errors) throw Object.assign(new Error(errors[0].message), errors[0].extensions);
    return data;
  }
}

/** Whether a renewal can resolve these errors. Other errors with the code `UNAUTHENTICATED` need a sign-in. */
export function isTokenRefused(errors) {
  return errors?.some(({ extensions }) => extensions?.reason === 'INVALID_TOKEN') ?? false;
}
