import { expect, test, vi } from "vitest";
import { renderHook } from "vitest-browser-react";
import { usePrinting } from "./usePrinting";

test("a print that starts between the first render and its effects counts", async () => {
  const media = Object.assign(new EventTarget(), { matches: false });
  const matchMedia = vi.spyOn(window, "matchMedia").mockReturnValue(media as unknown as MediaQueryList);
  vi.spyOn(media, "addEventListener").mockImplementation(() => {
    media.matches = true;
  });
  const { result } = await renderHook(() => usePrinting());
  expect(result.current).toBe(true);
  matchMedia.mockRestore();
});
