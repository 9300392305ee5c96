// Where the focus goes when its control leaves the page, such as a button with its row. Browsers give it to the body, from
// where screen readers start at the top of the page.
import { CONTROLS } from "../ui/controls";
import { isNavigating } from "./navigation";

const ROWS = "li, tr, [role=row]";

/** The control outside of dialogs that had the focus last, or its successor. */
let last: HTMLElement | undefined;
let isLost = false;

/** Moves the focus of a removed control to the same control of the next row, or else to the heading of its section. */
export function keepFocus() {
  document.addEventListener("focusin", ({ target }) => {
    // A dialog that closes returns the focus. A press beside all controls focuses the page's contents.
    if (!(target instanceof HTMLElement) || target.closest("dialog")) return;
    last = target;
    isLost = false;
  });
  new MutationObserver((records) => {
    if (last && !last.isConnected) {
      last = successorOf(last, records);
      isLost = true;
    }
    if (isLost && document.activeElement === document.body && !isNavigating()) {
      last?.focus({ preventScroll: true });
    }
  }).observe(document.body, { childList: true, subtree: true });
}

function successorOf(control: HTMLElement, records: readonly MutationRecord[]) {
  for (const { removedNodes, target, nextSibling, previousSibling } of records) {
    const removed = [...removedNodes].find((node) => node.contains(control));
    if (!removed) continue;
    if (!(removed instanceof Element && removed.matches(ROWS))) return headingOf(target);
    const controls: Element[] = [...removed.querySelectorAll(CONTROLS)];
    // Rows differ in their first controls more often than in their last ones.
    const place = controls.indexOf(control) - controls.length;
    return (
      controlIn(nextSibling, place, "nextElementSibling") ??
      controlIn(previousSibling, place, "previousElementSibling") ??
      headingOf(target)
    );
  }
  return headingOf(document.body);
}

/** The control at a place of the first row that has one, from `start` in a direction. */
function controlIn(
  start: Node | null,
  place: number,
  direction: "nextElementSibling" | "previousElementSibling",
) {
  for (let row = start instanceof Element ? start : null; row; row = row[direction]) {
    const controls = [...row.querySelectorAll<HTMLElement>(CONTROLS)].filter(
      (it) => !it.matches(":disabled"),
    );
    const control = controls.at(place) ?? controls[0];
    if (control) return control;
  }
  return undefined;
}

/** The heading of the section around a node, or else of the page. */
function headingOf(node: Node) {
  const section = node instanceof Element && node.isConnected ? node.closest("section") : null;
  const heading =
    section?.querySelector<HTMLElement>("h2, h3") ?? document.querySelector<HTMLElement>("main h1");
  if (heading) heading.tabIndex = -1;
  return heading ?? undefined;
}
