// Navigation between the app's pages.
import type { AroundNavHandler, BaseLocationHook } from "wouter";
import { navigate, useLocationProperty } from "wouter/use-browser-location";
import { confirmLeaving, hasUnsaved } from "../ui/unsaved";
import { isOutdated } from "./build";
import { basePath } from "./guild";

/** Whether a navigation waits for its page's heading, which then gets the focus. */
let isPending = false;

/** Whether the heading of a page that is on its way gets the focus. */
export const isNavigating = () => isPending;

/** Whether the page is shown because of a navigation. The first page leaves the focus where the browser put it. */
export function takeNavigation() {
  const result = isPending;
  isPending = false;
  return result;
}

/** Runs each navigation of the router. */
export const aroundNavigation: AroundNavHandler = (navigate, to, options) => {
  const [path, query] = splitPath(to);
  const isSamePage = path === currentPath();
  if (!isSamePage && !confirmLeaving()) return;
  if (isOutdated() && !isSamePage && !hasUnsaved()) {
    // The next page is the new build's.
    window.location.assign(`${basePath}${path}${query}`);
    return;
  }
  if (!options?.replace) position += 1;
  navigate(to, { ...options, state: { ...options?.state, position } });
  shown = pathAndQuery();
  if (isSamePage) return;
  isPending = true;
  if (!options?.replace) window.scrollTo(0, 0);
};

/** The place of the shown page among the entries of the browser's history. Each entry keeps its own. */
let position = positionOf(window.history.state) ?? 0;
/** The address that the router shows. While *Back* is undone, the address bar has another one. */
let shown = pathAndQuery();
let isReturning = false;

setPosition();

// Before the router's listener, and before that of the scroll position.
window.addEventListener("popstate", onHistory, { capture: true });

/** *Back* and *Forward*. The browser has moved already, so staying means to move in the other direction. */
function onHistory(event: PopStateEvent) {
  const target = positionOf(event.state);
  if (isReturning) {
    isReturning = false;
    event.stopImmediatePropagation();
    return;
  }
  const isSamePage = window.location.pathname === shown.path;
  if (!isSamePage && target !== undefined && !confirmLeaving()) {
    isReturning = true;
    event.stopImmediatePropagation();
    window.history.go(position - target);
    return;
  }
  shown = pathAndQuery();
  if (target === undefined) {
    // A link to a part of the page has added an entry.
    position += 1;
    setPosition();
  } else {
    position = target;
  }
  isPending = true;
}

function positionOf(state: unknown) {
  const { position } = (state ?? {}) as { position?: unknown };
  return typeof position === "number" ? position : undefined;
}

function setPosition() {
  window.history.replaceState({ ...window.history.state, position }, "");
}

function pathAndQuery() {
  const { pathname, search } = window.location;
  return { path: pathname, query: search };
}

/** The router's location: that of the browser, except while *Back* is undone. */
export const useAppLocation: BaseLocationHook = () => [
  useLocationProperty(() => (isReturning ? shown.path : window.location.pathname)),
  navigate,
];
useAppLocation.searchHook = () =>
  useLocationProperty(() => (isReturning ? shown.query : window.location.search));

const currentPath = () => window.location.pathname.slice(basePath.length) || "/";

function splitPath(to: string) {
  const end = to.search(/[?#]/);
  return end < 0 ? [to, ""] : [to.slice(0, end), to.slice(end)];
}
