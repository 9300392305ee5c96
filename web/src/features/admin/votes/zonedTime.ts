// Times of `<input type="datetime-local">`, which are in the browser's zone and name none.

const HOUR = 3_600_000;

/** The latest time of such an input, so that the server takes it in every zone. */
export const LATEST = "8999-12-31T00:00";

/** An instant for the input: "2026-12-01T20:00". Empty without one. */
export function toLocalInput(iso: string | null | undefined): string {
  if (!iso) return "";
  const date = new Date(iso);
  const pad = (value: number) => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${day}T${pad(date.getHours())}:${pad(date.getMinutes())}`;
}

/** The instant that the input's value names in the browser's zone; `null` if it is empty or no time. */
export function fromLocalInput(value: string): string | null {
  return value === "" ? null : toInstant(new Date(value).getTime());
}

/** The instant some hours later; `null` if there is none, because of a number that is too large or no number. */
export const hoursAfter = (iso: string, hours: number) => toInstant(Date.parse(iso) + hours * HOUR);

/** JavaScript throws if it writes a time that no date has. */
function toInstant(milliseconds: number): string | null {
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

/** The browser's zone, such as "Europe/Berlin". */
export const localZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;
