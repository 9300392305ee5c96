// When pages read their data again: what changed while the page was not connected is not sent later.

const listeners = new Set<() => void>();

/** Calls `listener` whenever the page's data may be out of date. Returns a function that ends this. */
export function onResync(listener: () => void) {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Lets all shown data be read again. */
export function resync() {
  for (const listener of [...listeners]) listener();
}

const successListeners = new Set<() => void>();

/** Calls `listener` whenever the server has made a change. Returns a function that ends this. */
export function onSuccess(listener: () => void) {
  successListeners.add(listener);
  return () => void successListeners.delete(listener);
}

export function reportSuccess() {
  for (const listener of [...successListeners]) listener();
}

/** Time in the background after which a page reads its data again, in milliseconds. */
const LONG_ABSENCE = 60_000;

let hiddenSince: number | undefined;
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") {
    hiddenSince = Date.now();
  } else if (hiddenSince !== undefined && Date.now() - hiddenSince > LONG_ABSENCE) {
    hiddenSince = undefined;
    resync();
  }
});
window.addEventListener("online", resync);
