// Input, and codes that show only once, that leaving the page would lose.
import { useEffect } from "react";

const questions = new Map<symbol, string>();

/** Whether a page has input that is not saved. */
export const hasUnsaved = () => questions.size > 0;

/** Whether the viewer may leave the page: asks if that would lose something, by default with the page's question. */
export function confirmLeaving(question?: string) {
  const [first] = questions.values();
  return first === undefined || window.confirm(question ?? first);
}

/** Before the viewer leaves codes that show only once, or closes what shows them. */
export const LEAVE_CODES = "Leave this page? The codes show only now.";
export const CLOSE_CODES = "Close this? The codes show only now.";

/** Asks before the viewer leaves, while `isDirty`. A reload asks too, in the browser's own words. */
export function useUnsaved(isDirty: boolean, question = "Leave this page? Your changes are not saved.") {
  useEffect(() => {
    if (!isDirty) return;
    const page = Symbol("unsaved");
    questions.set(page, question);
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", ask);
    return () => {
      questions.delete(page);
      window.removeEventListener("beforeunload", ask);
    };
  }, [isDirty, question]);
}
