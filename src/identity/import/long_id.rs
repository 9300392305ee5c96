//! Discord ids in spreadsheets. A spreadsheet keeps 15 digits of a number, other programs 16 or 17, and an id has up to
//! 20. An apostrophe before the id marks it as text, which they keep.

use super::formula;

/// The number of digits that every program keeps of a number.
const EXACT_DIGITS: usize = 15;

/// What is wrong with an id that was rounded.
pub(super) const ROUNDED: &str = "A spreadsheet has rounded this Discord id. Format the column as text and enter the id \
    again, or put an apostrophe before it.";

/// Marks an id as text, for a table, if a spreadsheet would round it.
pub(super) fn mark(id: &str) -> String {
    if id.len() > EXACT_DIGITS { format!("'{id}") } else { id.to_owned() }
}

/// Returns the id of a cell that is marked as text.
pub(super) fn marked(cell: &str) -> Option<&str> {
    formula::quoted(cell).or_else(|| cell.strip_prefix(['\'', '’', '‘'])).map(str::trim)
}

/// Whether a number has the form that a spreadsheet gives to a rounded id: `458304698827669000` or `4.58305E+17`.
pub(super) fn looks_rounded(number: &str) -> bool {
    let is_exponential = number.contains(['e', 'E']) && number.replace(',', ".").parse::<f64>().is_ok();
    let is_long = number.len() > EXACT_DIGITS && number.bytes().all(|byte| byte.is_ascii_digit());
    is_exponential || is_long && number.trim_end_matches('0').len() <= EXACT_DIGITS
}

/// The greatest difference between an id and a rounded one.
pub(super) fn max_difference(id: u64) -> u64 {
    unit(id, EXACT_DIGITS)
}

/// Whether a program may have rounded `id` to `number`.
pub(super) fn is_rounded_to(id: u64, number: u64) -> bool {
    // A spreadsheet cuts the digits off or rounds them. Others have double-precision numbers, and write them in full,
    // with 16 or 17 digits, or with the fewest that identify the number.
    let double = id.to_string().parse::<f64>().unwrap_or_default();
    let full: u64 = format!("{double:.0}").parse().unwrap_or(id);
    let fewest: u64 = format!("{double}").parse().unwrap_or(id);
    let written =
        [id - id % unit(id, EXACT_DIGITS), round(id, EXACT_DIGITS), full, fewest, round(full, 16), round(full, 17)];
    id != number && written.contains(&number)
}

/// Rounds a number to so many digits.
fn round(number: u64, digits: usize) -> u64 {
    let unit = unit(number, digits);
    (number / unit + (number % unit * 2) / unit).saturating_mul(unit)
}

/// The unit of the last digit, if so many digits of a number are kept.
fn unit(number: u64, digits: usize) -> u64 {
    let dropped = number.to_string().len().saturating_sub(digits);
    10_u64.pow(dropped.try_into().unwrap_or_default())
}
