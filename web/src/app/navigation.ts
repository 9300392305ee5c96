// Navigation between the app's pages.
import type { AroundNavHandler } from "wouter";
import { isOutdated } from "./build";
import { basePath } from "./guild";
import { hasUnsaved } from "./unsaved";

/** Whether a navigation waits for its page's heading, which then gets the focus. */
let isPending = false;

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
  if (!isSamePage && hasUnsaved() && !window.confirm("Leave this page? Your changes are not saved.")) return;
  if (isOutdated() && !isSamePage && !hasUnsaved()) {
    // The next page is the new build's.
    window.location.assign(`${basePath}${path}${query}`);
    return;
  }
  navigate(to, options);
  if (isSamePage) return;
  isPending = true;
  if (!options?.replace) window.scrollTo(0, 0);
};

window.addEventListener("popstate", () => {
  isPending = true;
});

const currentPath = () => window.location.pathname.slice(basePath.length) || "/";

function splitPath(to: string) {
  const end = to.search(/[?#]/);
  return end < 0 ? [to, ""] : [to.slice(0, end), to.slice(end)];
}
