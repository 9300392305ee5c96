import { useSyncExternalStore } from "react";
import { flushSync } from "react-dom";

const print = () => matchMedia("print");

/** Whether the page is being printed. A chart then shows all of its numbers as a table. */
export const usePrinting = () => useSyncExternalStore(subscribe, () => print().matches);

function subscribe(notify: () => void) {
  const media = print();
  // The browser lays the page out right after this event, so React must not wait.
  const change = () => flushSync(notify);
  media.addEventListener("change", change);
  return () => media.removeEventListener("change", change);
}
