// A session with Guildhall, whichever client it is for: signs in, keeps the tokens, renews them. It speaks plain HTTP
// itself, so that renewing never goes through the client that waits for it.

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

/** What is sent to sign in and to renew. */
const DOCUMENTS = { login: { query: LOGIN }, refreshSession: { query: REFRESH_SESSION } };

/** How long before its time an access token is no longer relied on, in milliseconds. */
const EARLY = 60_000;
/** How long after a renewal a refusal may be of the token before, in milliseconds. */
const CROSSED = 5_000;

export class Session {
  accessToken;
  #documents;
  #expiresAt;
  #refreshToken;
  #renewal;
  #renewedAt = -Infinity;
  #listeners = [];

  /**
   * `guild` is the slug for `X-Guild`; a site of one guild leaves it out. A server with trusted documents takes the ids of
   * its own: `{ login: { documentId }, refreshSession: { documentId } }`.
   */
  constructor(url, guild, documents = DOCUMENTS) {
    this.url = url;
    this.guild = guild;
    this.#documents = documents;
  }

  async signIn(discordUsername, password) {
    this.#keep((await this.#ask(this.#documents.login, { discordUsername, password })).login);
  }

  /** The headers of a request, also of one who is not signed in. */
  get headers() {
    return {
      ...(this.guild && { 'X-Guild': this.guild }),
      ...(this.accessToken && { Authorization: `Bearer ${this.accessToken}` }),
    };
  }

  /** The payload of `connection_init`. */
  async connectionParams() {
    if (this.accessToken && this.goodFor <= 0) await this.renew();
    return { guild: this.guild, authorization: this.headers.Authorization };
  }

  /** How long the access token may be relied on yet, in milliseconds. */
  get goodFor() {
    return this.#expiresAt - EARLY - Date.now();
  }

  /** Whatever its time, the server has refused the access token. */
  distrust() {
    this.#expiresAt = 0;
  }

  /** New tokens. All who ask at once share one renewal: a refresh token that is used twice ends its session. */
  async renew() {
    if (performance.now() - this.#renewedAt < CROSSED) return;
    this.#renewal ??= this.#renew().finally(() => (this.#renewal = undefined));
    await this.#renewal;
  }

  /** `listener` is called after each renewal. */
  onRenewal(listener) {
    this.#listeners.push(listener);
  }

  async #renew() {
    const input = { refreshToken: this.#refreshToken };
    this.#keep((await this.#ask(this.#documents.refreshSession, input)).refreshSession);
    this.#renewedAt = performance.now();
    for (const listener of this.#listeners) listener();
  }

  #keep({ accessToken, accessTokenExpiresAt, refreshToken }) {
    this.accessToken = accessToken;
    this.#expiresAt = Date.parse(accessTokenExpiresAt);
    this.#refreshToken = refreshToken;
  }

  async #ask(document, input) {
    const response = await fetch(this.url, {
      method: 'POST',
      // Never with `Authorization`: a request with a token that is not good is refused, whatever it asks for.
      headers: { 'Content-Type': 'application/json', ...(this.guild && { 'X-Guild': this.guild }) },
      body: JSON.stringify({ ...document, variables: { input } }),
    });
    const { data, errors } = await response.json();
    // With its `code` and `reason`: UNAUTHENTICATED and INVALID_TOKEN when the session is over.
    if (errors) throw Object.assign(new Error(errors[0].message), errors[0].extensions);
    return data;
  }
}

/** Whether renewing the session mends these errors. Others have the code `UNAUTHENTICATED`, too, and it does not. */
export function isTokenRefused(errors) {
  return errors?.some(({ extensions }) => extensions?.reason === 'INVALID_TOKEN') ?? false;
}
