import { useCallback, useEffect, useRef, useState } from "react";
import type { FoundBallot, RecountReport } from "../../counting/recount";
import { RecountWorker } from "./worker";

export type Recount =
  | { state: "idle" }
  | { state: "running" }
  | { state: "failed"; message: string }
  | { state: "done"; report: RecountReport };

/** Checks ballot box files in the browser. It sends no request. */
export function useRecount() {
  const worker = useRef<RecountWorker>(undefined);
  const [recount, setRecount] = useState<Recount>({ state: "idle" });

  const stop = useCallback(() => {
    worker.current?.stop();
    worker.current = undefined;
  }, []);
  useEffect(() => stop, [stop]);

  /** Starts a check. A file that is still being read, such as a response, may be a promise. */
  const check = useCallback(
    async (file: string | Blob | Promise<string>) => {
      stop();
      setRecount({ state: "running" });
      let started: RecountWorker | undefined;
      let next: Recount;
      try {
        started = new RecountWorker();
        worker.current = started;
        const result = await started.check(await file);
        next = "message" in result ? { state: "failed", ...result } : { state: "done", report: result };
      } catch (error) {
        next = { state: "failed", message: error instanceof Error ? error.message : String(error) };
      }
      // A check that was started meanwhile has replaced this one.
      if (worker.current === started) setRecount(next);
    },
    [stop],
  );

  const reset = useCallback(() => {
    stop();
    setRecount({ state: "idle" });
  }, [stop]);

  /** Looks for a ballot in the box that was checked last. */
  const find = useCallback(
    async (receipt: string): Promise<FoundBallot | null> => (await worker.current?.find(receipt)) ?? null,
    [],
  );

  return { recount, check, reset, find };
}
