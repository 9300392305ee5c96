// The server's time, from the `Date` header of its responses. Countdowns use it, because devices' clocks are often wrong.

/** Server's time minus this device's, in milliseconds. */
let offset = 0;
/** How uncertain the offset is, in milliseconds. */
let uncertainty = Number.POSITIVE_INFINITY;

/** Takes the `Date` header of a response that took `duration` milliseconds. */
export function setServerTime(header: string | null, duration: number) {
  const time = Date.parse(header ?? "");
  // The header has whole seconds, and any age up to the duration.
  if (Number.isNaN(time) || 500 + duration / 2 > uncertainty) return;
  uncertainty = 500 + duration / 2;
  offset = time + 500 + duration / 2 - Date.now();
  // Prefer later measurements, so that a corrected device clock is noticed.
  setTimeout(() => {
    uncertainty = Number.POSITIVE_INFINITY;
  }, 60_000);
}

/** The server's time, in milliseconds since 1970. */
export const serverNow = () => Date.now() + offset;
