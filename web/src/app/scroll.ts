// *Back* and *Forward* return to the scroll position. The browser cannot do it itself, because the page has its height only
// after it is drawn.

/** Longest wait for the page to have its height, in milliseconds. */
const PATIENCE = 3_000;

/** Positions by address, as long as the app runs. */
const positions = new Map<string, number>();
let target: { top: number; until: number } | undefined;

window.history.scrollRestoration = "manual";

window.addEventListener(
  "scroll",
  () => {
    if (!target) positions.set(window.location.href, window.scrollY);
  },
  { passive: true },
);

window.addEventListener("popstate", () => {
  const top = positions.get(window.location.href) ?? 0;
  const isRunning = target !== undefined;
  target = { top, until: performance.now() + PATIENCE };
  if (!isRunning) requestAnimationFrame(restore);
});

// The viewer moves on.
for (const type of ["wheel", "touchstart", "keydown", "pointerdown"]) {
  window.addEventListener(
    type,
    () => {
      target = undefined;
    },
    { passive: true },
  );
}

function restore() {
  if (!target) return;
  window.scrollTo(0, target.top);
  const isThere = Math.abs(window.scrollY - target.top) < 2;
  if (isThere || performance.now() > target.until) target = undefined;
  else requestAnimationFrame(restore);
}
