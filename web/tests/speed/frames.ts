import type { Page } from "playwright/test";

interface Recording {
  frames: number[];
  tasks: { start: number; duration: number }[];
}
declare global {
  interface Window {
    recording: Recording;
  }
}

/** Records the frames and the long tasks of a page from now on. */
export async function startRecording(page: Page) {
  await page.evaluate(() => {
    const recording: Recording = { frames: [], tasks: [] };
    window.recording = recording;
    new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries()) {
        recording.tasks.push({ start: startTime, duration });
      }
    }).observe({ type: "longtask" });
    const start = performance.now();
    let last = start;
    const frame = (now: number) => {
      // The first second is left out: what is drawn for the first time takes longer.
      if (now - start > 1_000) recording.frames.push(now - last);
      last = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
}

/** What was recorded, in a line. */
export async function recorded(page: Page) {
  const { frames, tasks } = await page.evaluate(() => window.recording);
  const longest = Math.round(Math.max(0, ...tasks.map(({ duration }) => duration)));
  const slow = frames.filter((milliseconds) => milliseconds > 50).length;
  return `${slow} of ${frames.length} frames over 50 ms, ${tasks.length} tasks over 50 ms, the longest of ${longest} ms`;
}
