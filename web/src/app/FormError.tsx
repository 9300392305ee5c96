import { useEffect, useState } from "react";
import { formatDuration } from "../ui/Countdown";
import type { AppError } from "./errors";

/** The API's sentence, without those that stand at a field, and with the wait after too many attempts. */
export function FormError({ error }: { error: AppError }) {
  const wait = useWait(error.retryAfterSeconds, error);
  return (
    <>
      {error.message}
      {wait > 0 && ` Try again in ${formatDuration(wait)}.`}
      {error.requestId && !error.message.includes(error.requestId) && ` (Request ${error.requestId})`}
    </>
  );
}

/** The rest of a wait in milliseconds, from the moment of `start`. */
function useWait(seconds: number | undefined, start: unknown) {
  const [left, setLeft] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each error starts a wait of its own.
  useEffect(() => {
    if (!seconds) return setLeft(0);
    const end = Date.now() + seconds * 1_000;
    const tick = () => setLeft(Math.max(0, end - Date.now()));
    tick();
    const timer = setInterval(tick, 1_000);
    return () => clearInterval(timer);
  }, [seconds, start]);
  return left;
}
