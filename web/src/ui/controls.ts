/** A selector of the elements that take the keyboard's focus by their nature. */
export const CONTROLS = "a[href], button, input, select, textarea, summary";
