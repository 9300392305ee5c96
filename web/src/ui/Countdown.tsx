import { useEffect, useState } from "react";
import { serverNow } from "./clock";
import { once } from "./once";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A duration in its two largest units: "2 d 4 h", "12 min", "30 s". */
export function formatDuration(milliseconds: number) {
  const rest = Math.max(0, milliseconds);
  const days = Math.floor(rest / DAY);
  const hours = Math.floor((rest % DAY) / HOUR);
  const minutes = Math.floor((rest % HOUR) / MINUTE);
  const seconds = Math.floor((rest % MINUTE) / SECOND);
  if (days > 0) return hours > 0 ? `${days} d ${hours} h` : `${days} d`;
  if (hours > 0) return minutes > 0 ? `${hours} h ${minutes} min` : `${hours} h`;
  if (minutes >= 10) return `${minutes} min`;
  if (minutes > 0) return `${minutes} min ${String(seconds).padStart(2, "0")} s`;
  return `${seconds} s`;
}

/** The time left until `to`, by the server's clock: one render a second in the last hour, before that one a minute. */
export function useTimeLeft(to: string | null | undefined) {
  const end = Date.parse(to ?? "");
  const [left, setLeft] = useState(() => end - serverNow());
  useEffect(() => {
    if (Number.isNaN(end)) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tick = () => {
      const rest = end - serverNow();
      setLeft(rest);
      if (rest <= 0) return;
      const step = rest > HOUR ? MINUTE : SECOND;
      timer = setTimeout(tick, Math.min(rest, rest % step || step));
    };
    tick();
    return () => clearTimeout(timer);
  }, [end]);
  return left;
}

interface CountdownProps {
  /** The end, in RFC 3339. */
  to: string;
  /** Text after the end. */
  over: string;
  /** Text before the time left. */
  prefix?: string;
  suffix?: string;
}

/** The time left. The exact instant is its tooltip. */
export function Countdown({ to, over, prefix = "", suffix = "" }: CountdownProps) {
  const left = useTimeLeft(to);
  return (
    <time dateTime={to} title={formatDateTime(to)}>
      {left > 0 ? `${prefix}${formatDuration(left)}${suffix}` : over}
    </time>
  );
}

const DATE_TIME = once(() => new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }));
const DATE = once(() => new Intl.DateTimeFormat(undefined, { dateStyle: "medium" }));
const ZONED = once(() => new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" }));
const RELATIVE = once(() => new Intl.RelativeTimeFormat("en", { numeric: "auto" }));

export const formatDateTime = (iso: string) => DATE_TIME().format(new Date(iso));
export const formatDate = (iso: string) => DATE().format(new Date(iso));
/** With the weekday, the seconds and the zone. */
export const formatInstant = (iso: string) => ZONED().format(new Date(iso));

/** "3 hours ago", "in 2 days". */
export function formatRelative(iso: string) {
  const difference = Date.parse(iso) - serverNow();
  const size = Math.abs(difference);
  if (size < MINUTE) return RELATIVE().format(0, "second");
  if (size < HOUR) return RELATIVE().format(Math.round(difference / MINUTE), "minute");
  if (size < DAY) return RELATIVE().format(Math.round(difference / HOUR), "hour");
  if (size < 30 * DAY) return RELATIVE().format(Math.round(difference / DAY), "day");
  return formatDate(iso);
}

/** A time in the browser's zone. The tooltip has the exact instant. */
export function Time({ at, format = "relative" }: { at: string; format?: "relative" | "date" | "dateTime" }) {
  const text =
    format === "relative" ? formatRelative(at) : format === "date" ? formatDate(at) : formatDateTime(at);
  return (
    <time dateTime={at} title={formatInstant(at)}>
      {text}
    </time>
  );
}
