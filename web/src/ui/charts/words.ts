import { once } from "../once";

/** The language of the app's texts, so that numbers match them. */
const LANGUAGE = "en-GB";

const whole = once(() => new Intl.NumberFormat(LANGUAGE));
const fraction = once(() => new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: 2 }));
const exact = once(() => new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: 5 }));
const ordinals = once(() => new Intl.PluralRules(LANGUAGE, { type: "ordinal" }));
const SUFFIXES: Record<string, string> = { one: "st", two: "nd", few: "rd" };

/** What a method counts. */
export interface Unit {
  /** The heading of a column. */
  title: string;
  format: (value: number) => string;
}

export const formatWhole = (value: number) => whole().format(value);

/** A number of votes with two decimal places. Values of transferred votes have up to five. */
export const formatVotes = (value: number) => fraction().format(value);

export const formatExactVotes = (value: number) => exact().format(value);

/** "1 vote", "1,234 votes". */
export const formatCount = (value: number, one: string, many = `${one}s`) =>
  `${whole().format(value)} ${value === 1 ? one : many}`;

/** "1st", "2nd", … */
export const formatOrdinal = (value: number) =>
  `${whole().format(value)}${SUFFIXES[ordinals().select(value)] ?? "th"}`;
