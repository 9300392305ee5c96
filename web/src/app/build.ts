// Upgrades of the server under an open page. Each response names the server's build; the page belongs to one.
import { useSyncExternalStore } from "react";

let own = document.querySelector<HTMLMetaElement>('meta[name="guildhall-build"]')?.content;
let current = own;
const listeners = new Set<() => void>();

/** Takes the build that a response or a socket names. */
export function setServerBuild(build: string | null | undefined) {
  if (!build || build === current) return;
  own ??= build;
  current = build;
  for (const listener of listeners) listener();
}

/** Whether the server runs another build than the page. */
export const isOutdated = () => own !== current;

export const useIsOutdated = () => useSyncExternalStore(subscribe, isOutdated);

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

const RELOADED = "guildhall:reloaded";

/**
 * Reloads the page after a chunk or a document of it is gone, once per build. Returns whether it reloads. If not, the
 * site is being updated: servers of both builds answer.
 */
export function reloadOnce() {
  const build = current ?? "unknown";
  try {
    if (sessionStorage.getItem(RELOADED) === build) return false;
    sessionStorage.setItem(RELOADED, build);
  } catch {
    // Without storage the page cannot count its reloads.
    return false;
  }
  window.location.reload();
  return true;
}
