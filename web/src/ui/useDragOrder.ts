// Puts the rows of a list in order by dragging them, with a mouse, a pen or a finger.
import { type PointerEvent, useEffect, useRef } from "react";

/** Distance from the top and bottom of the window in which a drag scrolls, in pixels. */
const EDGE = 96;
/** Distance of one scroll, in pixels for each frame. */
const SPEED = 8;

/**
 * A drag by a row's handle calls `onMove` each time the pointer passes another row. Put `list` on the element whose
 * children are the rows, and `handle` on an element in each row, with `touch-action: none`. The row that moves has
 * `data-dragging`. A handle is for pointers only: offer buttons that do the same.
 */
export function useDragOrder<List extends HTMLElement>(onMove: (from: number, to: number) => void) {
  const list = useRef<List>(null);
  const latest = useRef(onMove);
  latest.current = onMove;
  const end = useRef<() => void>(undefined);
  useEffect(() => () => end.current?.(), []);

  const onPointerDown = ({ button, pointerId, currentTarget }: PointerEvent<HTMLElement>) => {
    const rows = list.current?.children;
    const row = Array.from(rows ?? []).find((it) => it.contains(currentTarget));
    if (button !== 0 || !(row instanceof HTMLElement) || row.closest("fieldset:disabled")) return;
    end.current?.();
    let frame = 0;
    const follow = (y: number) => {
      cancelAnimationFrame(frame);
      const all = Array.from(list.current?.children ?? []);
      const from = all.indexOf(row);
      const to = rowAt(all, from, y);
      if (to !== from) latest.current(from, to);
      const by = y < EDGE ? -SPEED : y > window.innerHeight - EDGE ? SPEED : 0;
      if (by === 0) return;
      window.scrollBy(0, by);
      frame = requestAnimationFrame(() => follow(y));
    };
    // On the window, because a row that moves in the document loses the pointer's capture.
    const events = new AbortController();
    const on = (type: "pointermove" | "pointerup" | "pointercancel", listener: (y: number) => void) =>
      window.addEventListener(type, (event) => event.pointerId === pointerId && listener(event.clientY), {
        signal: events.signal,
      });
    on("pointermove", follow);
    on("pointerup", () => end.current?.());
    on("pointercancel", () => end.current?.());
    row.dataset.dragging = "";
    end.current = () => {
      cancelAnimationFrame(frame);
      events.abort();
      delete row.dataset.dragging;
      end.current = undefined;
    };
  };

  return { list, handle: { onPointerDown, "aria-hidden": true } as const };
}

/** Where the row at `from` belongs while the pointer is at `y`: it takes a place only if the pointer is on it afterwards. */
function rowAt(rows: readonly Element[], from: number, y: number): number {
  const boxes = rows.map((row) => row.getBoundingClientRect());
  const height = boxes[from]?.height ?? 0;
  const above = boxes.findIndex(({ top }, index) => index < from && y < top + height);
  if (above >= 0) return above;
  const below = boxes.findLastIndex(({ bottom }, index) => index > from && y > bottom - height);
  return below >= 0 ? below : from;
}
