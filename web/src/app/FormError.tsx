import { useEffect, useState } from "react";
import { formatDuration } from "../ui/Countdown";
import type { AppError } from "./errors";

/** The API's sentence, without those that stand at a field. A wait after too many attempts counts down. */
export function FormError({ error }: { error: AppError }) {
  const wait = useWait(error.retryAfterSeconds, error);
  // The page has a sentence of its own about the wait.
  const message = error.retryAfterSeconds ? error.message.replace(WAIT_SENTENCE, "") : error.message;
  return (
    <>
      {message}
      {/* Screen readers read it with the error, and not again each second. */}
      {wait > 0 && <span role="timer"> Try again in {formatDuration(roundUp(wait))}.</span>}
      {error.requestId && !error.message.includes(error.requestId) && ` (Request ${error.requestId})`}
    </>
  );
}

const WAIT_SENTENCE = /\s*Try again in (a second|\d+ seconds?)\.$/;

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** To the next second or, as durations of ten minutes and more have no seconds, minute. Trying then is never too early. */
function roundUp(wait: number) {
  const step = wait > 10 * MINUTE ? MINUTE : SECOND;
  return Math.ceil(wait / step) * step;
}

/** The rest of a wait in milliseconds, from the moment of `start`. */
function useWait(seconds: number | undefined, start: unknown) {
  const [left, setLeft] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each error starts a wait of its own.
  useEffect(() => {
    if (!seconds) return setLeft(0);
    const end = Date.now() + seconds * SECOND;
    const tick = () => setLeft(Math.max(0, end - Date.now()));
    tick();
    const timer = setInterval(tick, SECOND);
    return () => clearInterval(timer);
  }, [seconds, start]);
  return left;
}
