// The session of this tab.
//
// The session is in memory and ends with its tab. It is in sessionStorage only during a reload. So it is never stored on disk, a
// duplicated tab has no session, and no two tabs use the same refresh token, which the server could treat as theft.

const KEY = "guildhall:session";

/** Fraction of its lifetime after which an access token is renewed. */
const RENEWAL_POINT = 0.75;

/** Pause after a failed renewal, in milliseconds. */
const RETRY_DELAY = 15_000;

/** Longest delay that `setTimeout` supports, in milliseconds. */
const MAX_DELAY = 2 ** 31 - 1;

const TOKENS = "accessToken accessTokenExpiresAt refreshToken member { displayName rank { name } }";
const LOGIN = `mutation SignIn($input: LoginInput!) { login(input: $input) { ${TOKENS} } }`;
const REFRESH = `mutation Renew($input: RefreshSessionInput!) { refreshSession(input: $input) { ${TOKENS} } }`;
const LOGOUT = "mutation SignOut { logout { success } }";
const GUILD = "{ guild { slug name } }";

/** A GraphQL error from the server, or a failed request. */
class RequestError extends Error {
  constructor({ message, extensions }) {
    super(message);
    this.reason = extensions?.reason;
  }
}

export class Session {
  #url;
  #state;
  #notice;
  #renewal;
  #timer;
  #listeners = new Set();
  #renewalListeners = new Set();

  constructor(url) {
    this.#url = url;
    addEventListener(
      "pagehide",
      () => this.#state && sessionStorage.setItem(KEY, JSON.stringify(this.#state)),
    );
    // A page that the browser restores from its cache takes over the session that the previous page stored.
    addEventListener("pageshow", ({ persisted }) => persisted && this.#setState(takeStoredState()));
    this.#setState(takeStoredState());
  }

  /** The signed-in account: `member` and `guild`. The object stays the same until the account changes. */
  get account() {
    return this.#state?.account;
  }

  /** Why the session ended, unless the user signed out. */
  get notice() {
    return this.#notice;
  }

  /** Calls `listener` after each change of the account or the notice. */
  watch = (listener) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Calls `listener` after each renewal. */
  onRenewal(listener) {
    this.#renewalListeners.add(listener);
    return () => this.#renewalListeners.delete(listener);
  }

  async signIn({ discordUsername, password, guild }) {
    const { data, at } = await this.#post(
      LOGIN,
      { discordUsername, password },
      guild && { "x-guild": guild },
    );
    const state = createState(data.login, at);
    // From now on requests name the guild, even the default one, because the token is valid only for this guild.
    const headers = { ...(guild && { "x-guild": guild }), authorization: `Bearer ${state.accessToken}` };
    state.account.guild = (await this.#post(GUILD, undefined, headers)).data.guild;
    this.#setState(state);
  }

  /** Ends the session on the server and in this tab. */
  async signOut() {
    // A renewal in flight would restore the session.
    await this.#renewal?.catch(() => {});
    try {
      await this.#post(LOGOUT, undefined, await this.headers({}));
    } catch (error) {
      // The session has ended already.
      if (error.reason !== "INVALID_TOKEN") throw error;
    }
    this.#setState(undefined);
  }

  /**
   * Adds the session's headers to explicit ones (in lower case), which take precedence. Adds none if the explicit headers name
   * another guild, because the token is valid only for its own.
   */
  async headers(explicit) {
    if (!this.appliesTo(explicit)) return explicit;
    // If the renewal fails, the server's response to the old token says why.
    if (Date.now() >= this.#state.renewAt) await this.renew().catch(() => {});
    if (!this.#state) return explicit;
    const { accessToken, account } = this.#state;
    return { ...explicit, "x-guild": account.guild.slug, authorization: `Bearer ${accessToken}` };
  }

  /** Whether the session adds headers to these. */
  appliesTo(explicit) {
    const guild = this.account?.guild.slug;
    return guild !== undefined && !("authorization" in explicit) && (explicit["x-guild"] ?? guild) === guild;
  }

  /** Renews the tokens, unless the refused headers have an older token. Concurrent calls share one renewal. */
  async renew(refusedHeaders) {
    if (refusedHeaders && refusedHeaders.authorization !== `Bearer ${this.#state?.accessToken}`) return;
    this.#renewal ??= this.#renew().finally(() => (this.#renewal = undefined));
    await this.#renewal;
  }

  async #renew() {
    const { refreshToken, account } = this.#state;
    try {
      // Without the access token, because the server refuses any request with an invalid one.
      const headers = { "x-guild": account.guild.slug };
      const { data, at } = await this.#post(REFRESH, { refreshToken }, headers);
      const state = createState(data.refreshSession, at);
      state.account.guild = account.guild;
      this.#setState(state);
    } catch (error) {
      if (error.reason === "INVALID_TOKEN")
        this.#setState(undefined, "Your session has ended. Please sign in again.");
      throw error;
    }
    for (const listener of this.#renewalListeners) listener();
  }

  #setState(state, notice) {
    this.#state = state;
    this.#notice = notice;
    this.#schedule(state?.renewAt);
    for (const listener of this.#listeners) listener();
  }

  // Renews also without requests, because a subscription ends when its token expires.
  #schedule(at) {
    clearTimeout(this.#timer);
    if (!this.#state) return;
    const wait = at - Date.now();
    const retry = () => this.#schedule(Date.now() + RETRY_DELAY);
    const act = () => (wait > MAX_DELAY ? this.#schedule(at) : this.renew().catch(retry));
    this.#timer = setTimeout(act, Math.min(wait, MAX_DELAY));
  }

  async #post(query, input, headers) {
    let response;
    let result;
    try {
      response = await fetch(this.#url, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify({ query, variables: input && { input } }),
      });
      result = await response.json();
    } catch {
      const status = response ? ` It responded with ${response.status}.` : "";
      throw new RequestError({ message: `The request to the server failed.${status}` });
    }
    if (result.errors) throw new RequestError(result.errors[0]);
    // The server's time, because the expiry of the token is in the same time.
    return { data: result.data, at: Date.parse(response.headers.get("date")) || Date.now() };
  }
}

function createState({ accessToken, accessTokenExpiresAt, refreshToken, member }, at) {
  const lifetime = Math.max(Date.parse(accessTokenExpiresAt) - at, 1_000);
  return { accessToken, refreshToken, renewAt: Date.now() + lifetime * RENEWAL_POINT, account: { member } };
}

function takeStoredState() {
  const stored = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  return stored ? JSON.parse(stored) : undefined;
}
