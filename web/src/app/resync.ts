// When pages read their data again: what changed while the page was not connected is not sent later.

const outdated = signal();
const success = signal();

/** Calls a function whenever the page's data may be out of date. Returns a function that ends this. */
export const onResync = outdated.listen;

/** Lets all shown data be read again. */
export const resync = outdated.send;

/** Calls a function whenever the server has made a change. Returns a function that ends this. */
export const onSuccess = success.listen;

/** Tells that the server has made a change. */
export const reportSuccess = success.send;

/** A message without content to all that listen. */
function signal() {
  const listeners = new Set<() => void>();
  return {
    listen(listener: () => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    send() {
      for (const listener of [...listeners]) listener();
    },
  };
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
