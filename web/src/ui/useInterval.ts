import { useEffect } from "react";

/** Calls a stable function again and again while `isOn`. The interval is in milliseconds. */
export function useInterval(run: () => void, interval: number, isOn = true) {
  useEffect(() => {
    if (!isOn) return;
    const timer = setInterval(run, interval);
    return () => clearInterval(timer);
  }, [run, interval, isOn]);
}
