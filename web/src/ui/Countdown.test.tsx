import { afterEach, expect, test, vi } from "vitest";
import { render } from "vitest-browser-react";
import { Countdown, formatDuration } from "./Countdown";
import { setServerTime } from "./clock";

afterEach(() => vi.useRealTimers());

test.each([
  [2 * 86_400_000 + 4 * 3_600_000 + 5, "2 d 4 h"],
  [86_400_000, "1 d"],
  [3_600_000 + 60_000, "1 h 1 min"],
  [59 * 60_000 + 59_000, "59 min"],
  [9 * 60_000 + 5_000, "9 min 05 s"],
  [999, "0 s"],
  [-5, "0 s"],
])("%d ms is %s", (duration, text) => {
  expect(formatDuration(duration)).toBe(text);
});

test("a countdown runs by the server's clock, and says when it is over", async () => {
  vi.useFakeTimers({
    now: Date.parse("2026-11-30T10:00:00Z"),
    toFake: ["Date", "setTimeout", "clearTimeout"],
  });
  // The device is an hour behind.
  setServerTime("Mon, 30 Nov 2026 11:00:00 GMT", 0);
  const page = await render(<Countdown to="2026-11-30T11:00:30Z" prefix="Closes in " over="Counting" />);
  await expect.element(page.getByText("Closes in 29 s")).toBeInTheDocument();
  await vi.advanceTimersByTimeAsync(10_000);
  await expect.element(page.getByText("Closes in 19 s")).toBeInTheDocument();
  await vi.advanceTimersByTimeAsync(20_000);
  await expect.element(page.getByText("Counting")).toBeInTheDocument();
});
