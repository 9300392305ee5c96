// Where the refresh token of a session is kept: in local storage, for all tabs of a browser, or in the memory of one tab.

/**
 * What a browser offers, and what another host of these files may supply.
 * @typedef {object} Browser
 * @property {Storage | undefined} [localStorage]
 * @property {Storage | undefined} [sessionStorage]
 * @property {Pick<LockManager, 'request'>} [locks] Without locks, as on plain HTTP, each tab signs in alone.
 * @property {EventTarget} [window] The target of `storage`, `pagehide` and `pageshow`.
 *
 * `signIn` names the sign-in, and `refreshToken` is absent once the server has ended its session.
 * @typedef {{ signIn: string, refreshToken?: string | undefined }} StoredSession
 */

/** Longest wait for the renewals of other tabs, in milliseconds. */
const LOCK_TIMEOUT = 60_000;

export class TokenStore {
  #key;
  #browser;
  #onChange;
  /** @type {StoredSession | undefined} The session of this tab alone. */
  #own;
  /** @type {string | undefined} The sign-in that this tab ignores. */
  #left;

  /**
   * @param {string | undefined} guild
   * @param {Browser | undefined} browser
   * @param {() => void} onChange Called when another tab may have changed what is stored.
   */
  constructor(guild, browser = defaultBrowser(), onChange) {
    this.#key = guild ? `guildhall.session.${guild}` : "guildhall.session";
    this.#browser = browser;
    this.#onChange = onChange;
    this.#own = this.#take();
    browser.window?.addEventListener("storage", this.#onStorage);
    browser.window?.addEventListener("visibilitychange", this.#onChange);
    browser.window?.addEventListener("pagehide", this.#onHide);
    browser.window?.addEventListener("pageshow", this.#onShow);
  }

  dispose() {
    this.#browser.window?.removeEventListener("storage", this.#onStorage);
    this.#browser.window?.removeEventListener("visibilitychange", this.#onChange);
    this.#browser.window?.removeEventListener("pagehide", this.#onHide);
    this.#browser.window?.removeEventListener("pageshow", this.#onShow);
  }

  /** @returns {StoredSession | undefined} */
  read() {
    const stored = this.#own ?? parse(this.#shared?.getItem(this.#key));
    return stored?.signIn === this.#left ? undefined : stored;
  }

  /**
   * Replaces the token of the same sign-in.
   * @param {StoredSession} stored
   */
  write(stored) {
    const shared = this.#own ? undefined : this.#shared;
    try {
      if (shared) shared.setItem(this.#key, JSON.stringify(stored));
      else this.#own = stored;
    } catch {
      // Storage is full or blocked.
      this.#own = stored;
    }
  }

  /**
   * Stores the token of a new sign-in.
   * @param {string} refreshToken
   * @param {boolean} forThisTab
   */
  start(refreshToken, forThisTab) {
    const stored = { signIn: `${Date.now()}-${Math.random()}`, refreshToken };
    this.#own = forThisTab ? stored : undefined;
    this.write(stored);
  }

  /**
   * Removes a sign-in, unless another one has replaced it. Returns what was stored of it.
   * @param {string | undefined} signIn
   */
  clear(signIn) {
    const stored = this.read();
    if (stored?.signIn !== signIn) return undefined;
    if (this.#own) this.#own = undefined;
    else this.#shared?.removeItem(this.#key);
    return stored;
  }

  /**
   * Ignores a sign-in from now on, in this tab alone.
   * @param {string | undefined} signIn
   */
  leave(signIn) {
    this.#left = signIn;
  }

  /**
   * Runs `task` while no other tab runs one.
   * @template T
   * @param {() => Promise<T>} task
   * @returns {Promise<T>}
   */
  async locked(task) {
    if (this.#own || !this.#shared) return task();
    const options = { signal: AbortSignal.timeout(LOCK_TIMEOUT) };
    return /** @type {LockManager} */ (this.#browser.locks).request(this.#key, options, task);
  }

  /** The storage that all tabs share. They can use it only with locks. */
  get #shared() {
    return this.#browser.locks && this.#browser.localStorage;
  }

  /** @param {Event} event */
  #onStorage = (event) => {
    const { key } = /** @type {StorageEvent} */ (event);
    if (key === this.#key || key === null) this.#onChange();
  };

  /** Session storage keeps the token of this tab for its next page, and only in between: no tab can copy it before. */
  #onHide = () => {
    if (this.#own) this.#browser.sessionStorage?.setItem(this.#key, JSON.stringify(this.#own));
  };

  /**
   * For a page that returns from the back-forward cache: the next page of its tab may have renewed the token.
   * @param {Event} event
   */
  #onShow = (event) => {
    if (!(/** @type {PageTransitionEvent} */ (event).persisted)) return;
    this.#own = this.#take();
    this.#onChange();
  };

  #take() {
    const stored = parse(this.#browser.sessionStorage?.getItem(this.#key));
    this.#browser.sessionStorage?.removeItem(this.#key);
    return stored;
  }
}

/**
 * @param {string | null | undefined} text
 * @returns {StoredSession | undefined}
 */
function parse(text) {
  try {
    const stored = JSON.parse(text ?? "null");
    return typeof stored?.signIn === "string" ? stored : undefined;
  } catch {
    return undefined;
  }
}

/** @returns {Browser} */
function defaultBrowser() {
  if (typeof document === "undefined") return {};
  return {
    localStorage: storage("localStorage"),
    sessionStorage: storage("sessionStorage"),
    locks: navigator.locks,
    window,
  };
}

/**
 * A browser that blocks storage throws.
 * @param {'localStorage' | 'sessionStorage'} name
 */
function storage(name) {
  try {
    return window[name];
  } catch {
    return undefined;
  }
}
