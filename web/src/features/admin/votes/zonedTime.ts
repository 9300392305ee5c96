// Times of `<input type="datetime-local">`, which are in the browser's zone and name none.

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
  const date = new Date(value);
  return value === "" || Number.isNaN(date.getTime()) ? null : date.toISOString();
}

/** The browser's zone, such as "Europe/Berlin". */
export const localZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;
