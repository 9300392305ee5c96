// Who is signed in, in this tab.
//
// The session lives in memory and ends with its tab; only across a reload it lies in sessionStorage. So nothing of it stays on
// the disk, a copy of the tab has none, and no two tabs ever use the same refresh token, which the server would take for theft.

const KEY = "guildhall:session";

/** The part of its life for which an access token is relied on. */
const RELIED_ON = 0.75;

/** How long after a renewal that failed the next is tried, in milliseconds. */
const RENEW_AGAIN = 15_000;

/** The longest time that a timer takes, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

const TOKENS = "accessToken accessTokenExpiresAt refreshToken member { displayName rank { name } }";
const LOGIN = `mutation SignIn($input: LoginInput!) { login(input: $input) { ${TOKENS} } }`;
const REFRESH = `mutation Renew($input: RefreshSessionInput!) { refreshSession(input: $input) { ${TOKENS} } }`;
const LOGOUT = "mutation SignOut { logout { success } }";
const GUILD = "{ guild { slug name } }";

/** A refusal in the server's words, or what kept it from answering. */
class Refused extends Error {
  constructor({ message, extensions }) {
    super(message);
    this.reason = extensions?.reason;
  }
}

export class Session {
  #url;
  #held;
  #notice;
  #renewal;
  #timer;
  #watchers = new Set();
  #renewed = new Set();

  constructor(url) {
    this.#url = url;
    addEventListener("pagehide", () => this.#held && sessionStorage.setItem(KEY, JSON.stringify(this.#held)));
    // A page that comes back from the browser's cache has what the tab's last page left.
    addEventListener("pageshow", ({ persisted }) => persisted && this.#become(takeStored()));
    this.#become(takeStored());
  }

  /** Who is signed in: their `member` and `guild`. An object that stays the same while they do. */
  get account() {
    return this.#held?.account;
  }

  /** Why nobody is any more, if that was not their own doing. */
  get notice() {
    return this.#notice;
  }

  /** `watcher` is called whenever the account or the notice changes. */
  watch = (watcher) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  /** `listener` is called after each renewal. */
  onRenewal(listener) {
    this.#renewed.add(listener);
    return () => this.#renewed.delete(listener);
  }

  async signIn({ discordUsername, password, guild }) {
    const { data, at } = await this.#ask(LOGIN, { discordUsername, password }, guild && { "x-guild": guild });
    const held = hold(data.login, at);
    // Requests name the guild from now on, also where it is the server's default: the token is good for that one alone.
    const headers = { ...(guild && { "x-guild": guild }), authorization: `Bearer ${held.accessToken}` };
    const { guild: of } = (await this.#ask(GUILD, undefined, headers)).data;
    held.account.guild = of;
    this.#become(held);
  }

  /** Ends the session on the server, and forgets it here. */
  async signOut() {
    // An open renewal would outlive it.
    await this.#renewal?.catch(() => {});
    try {
      await this.#ask(LOGOUT, undefined, await this.headers({}));
    } catch (error) {
      // Over already.
      if (error.reason !== "INVALID_TOKEN") throw error;
    }
    this.#become(undefined);
  }

  /**
   * The headers of a request for which these were given explicitly (in lower case), and these win. A session is good for its own guild alone, so
   * that it has nothing to add where they name another.
   */
  async headers(explicit) {
    if (!this.covers(explicit)) return explicit;
    // If that fails, the server's answer to the old token tells why.
    if (Date.now() >= this.#held.renewAt) await this.renew().catch(() => {});
    if (!this.#held) return explicit;
    const { accessToken, account } = this.#held;
    return { ...explicit, "x-guild": account.guild.slug, authorization: `Bearer ${accessToken}` };
  }

  /** Whether the session has something to add to these headers. */
  covers(explicit) {
    const guild = this.account?.guild.slug;
    return guild !== undefined && !("authorization" in explicit) && (explicit["x-guild"] ?? guild) === guild;
  }

  /** New tokens, unless `refused` are headers with a token before the present one. All who ask at once share one renewal. */
  async renew(refused) {
    if (refused && refused.authorization !== `Bearer ${this.#held?.accessToken}`) return;
    this.#renewal ??= this.#renew().finally(() => (this.#renewal = undefined));
    await this.#renewal;
  }

  async #renew() {
    const { refreshToken, account } = this.#held;
    try {
      // Without the access token: if that is not good, the server would refuse the request.
      const headers = { "x-guild": account.guild.slug };
      const { data, at } = await this.#ask(REFRESH, { refreshToken }, headers);
      const held = hold(data.refreshSession, at);
      held.account.guild = account.guild;
      this.#become(held);
    } catch (error) {
      if (error.reason === "INVALID_TOKEN") this.#become(undefined, "Your session has ended. Please sign in again.");
      throw error;
    }
    for (const listener of this.#renewed) listener();
  }

  #become(held, notice) {
    this.#held = held;
    this.#notice = notice;
    this.#schedule(held?.renewAt);
    for (const watcher of this.#watchers) watcher();
  }

  // Subscriptions go by the token that they were begun with, so it is renewed also when nothing is asked.
  #schedule(at) {
    clearTimeout(this.#timer);
    if (!this.#held) return;
    const wait = at - Date.now();
    const again = () => this.#schedule(Date.now() + RENEW_AGAIN);
    const then = () => (wait > LONGEST_TIMER ? this.#schedule(at) : this.renew().catch(again));
    this.#timer = setTimeout(then, Math.min(wait, LONGEST_TIMER));
  }

  async #ask(query, input, headers) {
    let response;
    let answer;
    try {
      response = await fetch(this.#url, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify({ query, variables: input && { input } }),
      });
      answer = await response.json();
    } catch {
      const status = response ? ` It answered ${response.status}.` : "";
      throw new Refused({ message: `The server could not be asked.${status}` });
    }
    if (answer.errors) throw new Refused(answer.errors[0]);
    // By the server's clock, which the expiry is told by, too.
    return { data: answer.data, at: Date.parse(response.headers.get("date")) || Date.now() };
  }
}

function hold({ accessToken, accessTokenExpiresAt, refreshToken, member }, at) {
  const life = Math.max(Date.parse(accessTokenExpiresAt) - at, 1_000);
  return { accessToken, refreshToken, renewAt: Date.now() + life * RELIED_ON, account: { member } };
}

function takeStored() {
  const stored = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  return stored ? JSON.parse(stored) : undefined;
}
