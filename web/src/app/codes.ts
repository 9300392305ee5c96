// Invite and reset codes come in links: `/register#code=…&as=…`. They leave the address bar as soon as the app starts, so
// that neither a screenshot nor the browser's history shows them. Session storage keeps a code only through a reload.
import { useSyncExternalStore } from "react";
import { storageKey } from "./guild";

export interface LinkedCode {
  code: string;
  /** The Discord username, if the link has it. */
  name: string;
}

const NONE: LinkedCode = { code: "", name: "" };
const KEY = storageKey("code");
let linked = NONE;
const listeners = new Set<() => void>();

/** Reads the code and the name of a link, or of its query or fragment. */
export function parseCode(text: string): LinkedCode | undefined {
  const query = text.slice(text.search(/[?#]/) + 1).replace("#", "&");
  const parameters = new URLSearchParams(query);
  const code = parameters.get("code");
  return code ? { code, name: parameters.get("as") ?? "" } : undefined;
}

const takesCodes = (pathname: string) => /\/(register|reset)$/.test(pathname);

function take() {
  const { pathname, search, hash } = window.location;
  if (!takesCodes(pathname)) return;
  const found = parseCode(hash) ?? parseCode(search);
  if (!found) return;
  linked = found;
  window.history.replaceState(window.history.state, "", pathname);
  for (const listener of listeners) listener();
}

/** Stores the code for the next start of the same page, and removes it there. */
function keep() {
  const { pathname } = window.location;
  if (linked.code === "" || !takesCodes(pathname)) return;
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ ...linked, pathname }));
  } catch {
    // A browser that blocks storage keeps nothing.
  }
}

function restore() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
    sessionStorage.removeItem(KEY);
    if (kept?.pathname === window.location.pathname) linked = { code: kept.code, name: kept.name };
  } catch {
    // As above.
  }
}

restore();
take();
window.addEventListener("pagehide", keep);
// A link that is opened in a tab that already shows the page changes only the fragment.
window.addEventListener("hashchange", take);

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};

/** The code of the link that opened the page. It stays through a sign-out, until `forgetCode`. */
export const useLinkedCode = () => useSyncExternalStore(subscribe, () => linked);

export function forgetCode() {
  linked = NONE;
}
