// A session with Guildhall, for any client: signs in, keeps and renews the tokens, and signs out. It sends its own requests,
// because a client waits for a renewal and cannot send it.

import { LostResponse, notSignedIn, SessionError, send } from "./request.js";
import { TokenStore } from "./tokens.js";

export { isTokenRefused, LostResponse, SessionError } from "./request.js";

/**
 * The tokens of `login`, `register`, `resetPassword` and `refreshSession`.
 * @typedef {{ accessToken: string, accessTokenExpiresAt: string, refreshToken: string }} Tokens
 *
 * @typedef {import('./request.js').Document} Document
 *
 * - `signedOut`: by choice, or never signed in.
 * - `signedIn`: a refresh token is stored. There may be no access token yet; see `needsRenewal`.
 * - `ended`: the server refused the refresh token, so the member has to sign in again. What the member typed can stay.
 *
 * `signIn` names the sign-in. It changes when someone signs in, also in another tab and as another member.
 * @typedef {{ status: 'signedOut' | 'signedIn' | 'ended', signIn: string | undefined }} SessionState
 *
 * @typedef {object} SessionOptions
 * @property {string} [guild] The slug for `X-Guild`. A site for one guild omits it.
 * @property {{ login: Document, refreshSession: Document, logout: Document }} [documents] By default texts.
 * @property {import('./tokens.js').Browser} [browser] By default the browser's, and nothing outside of browsers.
 */

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
const LOGOUT = /* GraphQL */ "mutation Logout { logout { success } }";
const DOCUMENTS = {
  login: { query: LOGIN },
  refreshSession: { query: REFRESH_SESSION },
  logout: { query: LOGOUT },
};

/** Time before its expiry from which an access token is no longer used, in milliseconds. */
const EXPIRY_MARGIN = 60_000;
/** Shortest use of an access token, in milliseconds, because this clock may be ahead of the server's. */
const SHORTEST_USE = 60_000;
/** Time after a renewal in which a refusal can still concern the previous token, in milliseconds. */
const REFUSAL_DELAY = 5_000;
/** Longest wait for a response, in milliseconds. */
const RESPONSE_TIMEOUT = 8_000;
/** Waits before a renewal is sent again, in milliseconds. */
const RETRY_DELAYS = [300, 1_000, 3_000];
/** Time in which a refresh token is sent again, in milliseconds. The server revokes its session after 30 seconds. */
const RETRY_WINDOW = 20_000;

export class Session {
  /** @type {string | undefined} */
  accessToken;
  #documents;
  #store;
  /** @type {SessionState} */
  #state;
  #validUntil = 0;
  #renewedAt = -Infinity;
  /** @type {Promise<void> | undefined} */
  #renewal;
  /** @type {Set<() => void>} */
  #stateListeners = new Set();
  /** @type {Set<() => void>} */
  #renewalListeners = new Set();

  /**
   * @param {string} url
   * @param {SessionOptions} [options]
   */
  constructor(url, { guild, documents = DOCUMENTS, browser } = {}) {
    this.url = url;
    this.guild = guild;
    this.#documents = documents;
    this.#store = new TokenStore(guild, browser, () => this.#synchronize());
    this.#state = this.#storedState();
  }

  /** The state. It is the same object until it changes, so that `useSyncExternalStore` can read it. */
  getState = () => this.#state;

  /**
   * Calls `listener` after each change of the state. Returns a function that ends this.
   * @param {() => void} listener
   */
  subscribe = (listener) => {
    this.#stateListeners.add(listener);
    return () => void this.#stateListeners.delete(listener);
  };

  /**
   * Calls `listener` after each renewal. Returns a function that ends this.
   * @param {() => void} listener
   */
  onRenewal(listener) {
    this.#renewalListeners.add(listener);
    return () => void this.#renewalListeners.delete(listener);
  }

  /**
   * On a shared computer the session ends with its tab.
   * @param {string} discordUsername
   * @param {string} password
   * @param {{ sharedComputer?: boolean }} [options]
   */
  async signIn(discordUsername, password, options) {
    const { login } = await this.#send(this.#documents.login, { input: { discordUsername, password } });
    this.start(login, options);
  }

  /**
   * Starts with the tokens of `register` or `resetPassword`.
   * @param {Tokens} tokens
   * @param {{ sharedComputer?: boolean }} [options]
   */
  start(tokens, { sharedComputer = false } = {}) {
    this.#store.start(tokens.refreshToken, sharedComputer);
    this.#synchronize(tokens);
  }

  /**
   * Takes new tokens for the same sign-in, such as those of `changePassword`.
   * @param {Tokens} tokens
   */
  async replaceTokens(tokens) {
    await this.#store.locked(async () => {
      const stored = this.#store.read();
      if (!stored) return;
      this.#store.write({ ...stored, refreshToken: tokens.refreshToken });
      this.#accept(tokens);
      this.#renewedAt = Date.now();
    });
    for (const listener of this.#renewalListeners) listener();
  }

  /**
   * Signs out in all tabs at once, and then ends the session on the server. Resolves with whether the server confirmed it. A
   * session that it could not end expires by itself.
   */
  async signOut() {
    const { accessToken, needsRenewal } = this;
    const stored = this.#store.read();
    this.discard();
    if (!stored?.refreshToken) return true;
    return this.#store.locked(async () => {
      // A renewal in another tab may have stored a token in between.
      const { refreshToken } = { ...stored, ...this.#store.clear(stored.signIn) };
      if (!refreshToken) return true;
      try {
        const token =
          needsRenewal || !accessToken ? (await this.#exchange(refreshToken)).accessToken : accessToken;
        await this.#send(this.#documents.logout, { accessToken: token });
        return true;
      } catch (error) {
        return error instanceof SessionError && error.reason === "INVALID_TOKEN";
      }
    });
  }

  /** Signs out in all tabs without a request, because the server has ended the session already. */
  discard() {
    this.#store.clear(this.#state.signIn);
    this.#synchronize();
  }

  /** Signs out in this tab alone, after the session has ended: other tabs keep their input until a member signs in there. */
  leave() {
    this.#store.leave(this.#state.signIn);
    this.#synchronize();
  }

  /** The headers of a request, signed in or not. */
  get headers() {
    return {
      ...(this.guild && { "X-Guild": this.guild }),
      ...(this.accessToken && { Authorization: `Bearer ${this.accessToken}` }),
    };
  }

  /** The payload of `connection_init`. */
  async connectionParams() {
    if (this.needsRenewal) await this.renew();
    return { guild: this.guild, authorization: this.headers.Authorization };
  }

  /** Whether the next request has to wait for `renew()`. */
  get needsRenewal() {
    return this.#state.status === "signedIn" && (!this.accessToken || this.validFor <= 0);
  }

  /** Time until the access token should be renewed, in milliseconds. */
  get validFor() {
    return this.#validUntil - Date.now();
  }

  /** Marks the access token as invalid, because the server refused it before its expiry. */
  invalidateToken() {
    this.#validUntil = 0;
  }

  /**
   * Renews the tokens. Concurrent calls share one renewal, and tabs renew one after the other, because a refresh token that
   * is used again later ends its session. Rejects with a `SessionError` if the session is over, and with another error if the
   * server cannot be reached.
   * @param {string} [refusedToken] The access token that the server refused, if the caller knows. A renewal since then has
   *   replaced it already.
   */
  async renew(refusedToken) {
    const isRecent = Date.now() - this.#renewedAt < REFUSAL_DELAY;
    if (this.accessToken && (refusedToken ? refusedToken !== this.accessToken : isRecent)) return;
    this.#renewal ??= this.#store.locked(() => this.#renew()).finally(() => (this.#renewal = undefined));
    await this.#renewal;
  }

  /** Stops listening to other tabs. */
  dispose() {
    this.#store.dispose();
  }

  async #renew() {
    // Another tab may have signed out, signed in or renewed.
    this.#synchronize();
    const stored = this.#store.read();
    if (!stored?.refreshToken) throw notSignedIn();
    const isCurrent = () => this.#store.read()?.signIn === stored.signIn;
    try {
      const tokens = await this.#exchange(stored.refreshToken);
      if (!isCurrent()) throw notSignedIn();
      this.#store.write({ ...stored, refreshToken: tokens.refreshToken });
      this.#accept(tokens);
    } catch (error) {
      const isOver = error instanceof SessionError && error.reason === "INVALID_TOKEN";
      if (isOver && isCurrent()) this.#store.write({ ...stored, refreshToken: undefined });
      this.#synchronize();
      throw error;
    }
    this.#renewedAt = Date.now();
    for (const listener of this.#renewalListeners) listener();
  }

  /**
   * Sends the same token again after a lost response, as long as the server takes it.
   * @param {string} refreshToken
   * @returns {Promise<Tokens>}
   */
  async #exchange(refreshToken) {
    const startedAt = Date.now();
    for (let attempt = 0; ; attempt += 1) {
      try {
        const options = { input: { refreshToken }, signal: AbortSignal.timeout(RESPONSE_TIMEOUT) };
        return (await this.#send(this.#documents.refreshSession, options)).refreshSession;
      } catch (error) {
        const delay = RETRY_DELAYS[attempt];
        const isLost = error instanceof LostResponse;
        if (!isLost || delay === undefined || Date.now() + delay - startedAt > RETRY_WINDOW) throw error;
        await new Promise((resolve) => setTimeout(resolve, delay));
      }
    }
  }

  /** @param {Tokens} tokens */
  #accept({ accessToken, accessTokenExpiresAt }) {
    const lifetime = Date.parse(accessTokenExpiresAt) - Date.now();
    this.accessToken = accessToken;
    this.#validUntil = Date.now() + Math.max(lifetime - EXPIRY_MARGIN, SHORTEST_USE);
  }

  /** @returns {SessionState} */
  #storedState() {
    const stored = this.#store.read();
    if (!stored) return { status: "signedOut", signIn: undefined };
    return { status: stored.refreshToken ? "signedIn" : "ended", signIn: stored.signIn };
  }

  /**
   * Follows what is stored, here or by another tab.
   * @param {Tokens} [tokens] The tokens of a new sign-in.
   */
  #synchronize(tokens) {
    const previous = this.#state;
    const state = this.#storedState();
    if (state.status === previous.status && state.signIn === previous.signIn) return;
    this.#state = state;
    this.accessToken = undefined;
    this.#renewedAt = -Infinity;
    if (tokens) this.#accept(tokens);
    for (const listener of this.#stateListeners) listener();
  }

  /** @type {(document: Document, options: import('./request.js').RequestOptions) => Promise<any>} */
  #send = (document, options) => send(this.url, this.guild, document, options);
}
