/** Votes are counted in units of 1/100,000, since a value has five decimal places. */
export const UNITS = 100_000n;
