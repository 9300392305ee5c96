// Says a sentence to screen readers, politely: it waits for what they say now.

let region: HTMLElement | undefined;

/** Says a sentence. The same sentence again is said again. */
export function announce(sentence: string) {
  if (!region?.isConnected) {
    region = document.createElement("div");
    region.className = "visually-hidden";
    region.setAttribute("aria-live", "polite");
    region.dataset.announcer = "";
    document.body.append(region);
  }
  const line = document.createElement("p");
  line.textContent = sentence;
  // A region that already exists announces what is added to it.
  setTimeout(() => region?.append(line), 50);
  setTimeout(() => line.remove(), 10_000);
}

/** Says a sentence now if none was said in the last ten seconds, and otherwise the newest one after them. */
export function createThrottledAnnouncer(interval = 10_000) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let next: string | undefined;
  let lastAt = Number.NEGATIVE_INFINITY;
  const say = () => {
    timer = undefined;
    if (next === undefined) return;
    announce(next);
    next = undefined;
    lastAt = performance.now();
  };
  return {
    announce(sentence: string) {
      next = sentence;
      timer ??= setTimeout(say, Math.max(0, lastAt + interval - performance.now()));
    },
    stop() {
      clearTimeout(timer);
      timer = undefined;
      next = undefined;
    },
  };
}
