// Input that leaving the page would lose.
import { useEffect } from "react";

const pages = new Set<symbol>();

/** Whether a page has input that is not saved. */
export const hasUnsaved = () => pages.size > 0;

/** Asks before the viewer leaves, while `isDirty`. */
export function useUnsaved(isDirty: boolean) {
  useEffect(() => {
    if (!isDirty) return;
    const page = Symbol("unsaved");
    pages.add(page);
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", ask);
    return () => {
      pages.delete(page);
      window.removeEventListener("beforeunload", ask);
    };
  }, [isDirty]);
}
