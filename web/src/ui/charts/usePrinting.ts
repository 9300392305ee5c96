import { useEffect, useState } from "react";
import { flushSync } from "react-dom";

/** Whether the page is being printed. A chart then shows all of its numbers as a table. */
export function usePrinting() {
  const [isPrinting, setIsPrinting] = useState(() => matchMedia("print").matches);
  useEffect(() => {
    const media = matchMedia("print");
    // The browser lays the page out right after this event, so React must not wait.
    const change = () => flushSync(() => setIsPrinting(media.matches));
    media.addEventListener("change", change);
    return () => media.removeEventListener("change", change);
  }, []);
  return isPrinting;
}
