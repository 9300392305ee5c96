// The session of the console: that of the web app, or one of this tab alone, for another account or guild. And the requests
// and subscriptions that run in it, unless explicit headers (in lower case) name another account or guild.
import { createClient } from "graphql-ws";
import { isTokenRefused, Session } from "../client/session.js";
import { openSocket } from "../client/socket.js";
import { post } from "./post.js";
import { subscribe } from "./subscription.js";

/** The key in session storage of the guild that this tab is signed in to. */
const GUILD_KEY = "guildhall.console.guild";

export class ConsoleSession {
  /** The slug of the guild of requests without `X-Guild`, once the server has named it. */
  guildSlug;
  #url;
  #session;
  #stopWatching;
  #listeners = new Set();
  #sockets = new Set();
  #socketListeners = new Set();
  /** The socket of all subscriptions without explicit headers. */
  #socket;

  constructor(url) {
    this.#url = url;
    this.#use(new Session(url, { guild: sessionStorage.getItem(GUILD_KEY) ?? undefined }));
  }

  /** Calls `listener` after each sign-in and sign-out, also in another tab of the web app. */
  watch = (listener) => add(this.#listeners, listener);

  get isSignedIn() {
    return this.#session.getState().status === "signedIn";
  }

  /** Whether the server ended the session. */
  get isEnded() {
    return this.#session.getState().status === "ended";
  }

  /** Names the guild and the sign-in. */
  get id() {
    return [this.#session.guild, this.isSignedIn && this.#session.getState().signIn].join(" ");
  }

  /** Whether the session is of this tab alone, and not the web app's. */
  get isOwn() {
    const { guild } = this.#session;
    try {
      const stored = localStorage.getItem(guild ? `guildhall.session.${guild}` : "guildhall.session");
      return JSON.parse(stored)?.signIn !== this.#session.getState().signIn;
    } catch {
      return true;
    }
  }

  /** Signs this tab in. The web app's session stays as it is. */
  async enter({ discordUsername, password, guild }) {
    const session = new Session(this.#url, { guild: guild || undefined });
    try {
      await session.signIn(discordUsername, password, { sharedComputer: true });
    } catch (error) {
      session.dispose();
      throw error;
    }
    const [previous, isOwn] = [this.#session, this.isOwn];
    this.#use(session);
    if (isOwn) await previous.signOut();
  }

  /** Ends the session on the server: that of this tab or, without one, that of the web app. */
  async leave() {
    const previous = this.#session;
    await previous.signOut();
    if (previous.guild) this.#use(new Session(this.#url));
  }

  /** Sends an operation, and returns the status and the body of the response. */
  async request(params, explicit = {}) {
    const session = this.#session;
    if (!this.#appliesTo(explicit)) return post(this.#url, params, explicit);
    // If the renewal fails, the request is sent as a visitor's, or the server says why the token is refused.
    if (session.needsRenewal) await session.renew().catch(() => {});
    const send = () => post(this.#url, params, { ...lowerCase(session.headers), ...explicit });
    const token = session.accessToken;
    const response = await send();
    if (!token || !isTokenRefused(response.body.errors)) return response;
    try {
      await session.renew(token);
    } catch {
      return response;
    }
    return send();
  }

  /** Starts a subscription, and returns a function that stops it. */
  subscribe(params, explicit, observer) {
    if (!this.#appliesTo(explicit)) return this.#subscribeWith(explicit, params, observer);
    this.#socket ??= this.#open(this.#session);
    const socket = this.#socket;
    return subscribe(socket, params, observer, () => this.#socket !== socket);
  }

  /** Subscribes on a socket of its own, because a socket has one token. */
  #subscribeWith({ authorization, "x-guild": guild }, params, observer) {
    let isRefused = false;
    const socket = this.#open({
      url: this.#url,
      validFor: Number.POSITIVE_INFINITY,
      getState: () => VISITOR,
      subscribe: () => () => {},
      onRenewal: () => () => {},
      connectionParams: async () => ({ authorization, guild }),
      // A new token can only come from the user.
      invalidateToken: () => {
        isRefused = true;
        this.#close(socket);
      },
    });
    const stop = subscribe(socket, params, observer, () => isRefused);
    return () => {
      stop();
      this.#close(socket);
    };
  }

  /** Calls `listener` after each change of `lostSince`. */
  watchSockets = (listener) => add(this.#socketListeners, listener);

  /** Since when running subscriptions have had no socket, in milliseconds since 1970. */
  get lostSince() {
    const times = [...this.#sockets].map((socket) => socket.getState().lostSince).filter(Boolean);
    return times.length ? Math.min(...times) : undefined;
  }

  /** Whether the session adds its headers to these. */
  #appliesTo(explicit) {
    const guild = this.#session.guild ?? this.guildSlug;
    return !("authorization" in explicit) && (!("x-guild" in explicit) || explicit["x-guild"] === guild);
  }

  #open(session) {
    const socket = openSocket(session, { createClient });
    this.#sockets.add(socket);
    socket.onState(() => call(this.#socketListeners));
    return socket;
  }

  #close(socket) {
    this.#sockets.delete(socket);
    void socket.dispose();
    call(this.#socketListeners);
  }

  #use(session) {
    this.#stopWatching?.();
    this.#session?.dispose();
    this.#session = session;
    this.#stopWatching = session.subscribe(this.#changed);
    if (session.guild) sessionStorage.setItem(GUILD_KEY, session.guild);
    else sessionStorage.removeItem(GUILD_KEY);
    this.guildSlug = undefined;
    this.#changed();
  }

  #changed = () => {
    // The socket of a sign-in ends with it.
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket) this.#close(socket);
    call(this.#listeners);
  };
}

const VISITOR = { status: "signedOut", signIn: undefined };

function add(listeners, listener) {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

function call(listeners) {
  for (const listener of listeners) listener();
}

function lowerCase(headers) {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
