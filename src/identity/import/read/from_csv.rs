//! Reads CSV files, as spreadsheets save them.

use csv::{Reader, ReaderBuilder, StringRecord};
use strum::VariantArray;

use super::{ParsedFile, unreadable};
use crate::{
    identity::import::{
        formula,
        location::RowLocation,
        problem::{RowError, RowErrors},
        record::{Column, Record},
    },
    kernel::{error::Refusal, text},
};

/// The delimiters that are recognised. If several give as many known columns, the last of them is used.
const DELIMITERS: [u8; 4] = [b'|', b'\t', b';', b','];

/// A header and its column, if the header is known.
type Heading = (String, Option<Column>);

pub(super) fn read(text: &str) -> Result<ParsedFile, Refusal> {
    let (text, named, first_line) = split_delimiter_line(text);
    let (delimiter, headings) = detect_delimiter(text, named)?;
    let mut file = ParsedFile::default();
    for (header, column) in &headings {
        if column.is_none() && !header.is_empty() {
            file.add_unknown_column(header);
        }
    }
    let mut lines = LineCounter { text, offset: 0, line: first_line };
    let mut rows = csv_reader(text, delimiter).into_records().skip(1).peekable();
    while let Some(row) = rows.next().transpose().map_err(|error| not_csv(&error))? {
        if row.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let (location, rest) = lines.locate(&row);
        let ends_in_quotation = rows.peek().is_none() && ends_in_quotation(rest, delimiter);
        match parse_record(location, &headings, &row, ends_in_quotation) {
            Ok((record, errors)) if errors.is_empty() => file.records.push(record),
            Ok((record, errors)) => file.add_partial(errors, record),
            Err(error) => file.add_unreadable(error.into(), location),
        }
    }
    Ok(file)
}

fn csv_reader(text: &str, delimiter: u8) -> Reader<&[u8]> {
    ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(text.as_bytes())
}

/// Splits off a first line such as `sep=;`, by which spreadsheets exchange the delimiter. Returns the other lines, the
/// delimiter, and the number of the first of the other lines. A spreadsheet that saves such a file again fills the line
/// with empty cells.
fn split_delimiter_line(text: &str) -> (&str, Option<u8>, u64) {
    let line = text.lines().next().unwrap_or_default();
    // A file may have only carriage returns.
    let line = line.split('\r').next().unwrap_or_default();
    let content = line.trim_matches('"');
    let is_filler = |rest: &[u8]| rest.iter().all(|byte| b"\"\t ".contains(byte) || DELIMITERS.contains(byte));
    let delimiter = match (content.get(..4), content.as_bytes().get(4..)) {
        (Some(sep), Some([delimiter, rest @ ..])) if sep.eq_ignore_ascii_case("sep=") && is_filler(rest) => *delimiter,
        _ => return (text, None, 1),
    };
    let rest = text.get(line.len()..).unwrap_or_default();
    let rest = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix(['\r', '\n'])).unwrap_or(rest);
    (rest, Some(delimiter), 2)
}

/// Returns the delimiter that gives the most known columns in the first line, and the headings. A `named` delimiter
/// comes before the others.
fn detect_delimiter(text: &str, named: Option<u8>) -> Result<(u8, Vec<Heading>), Refusal> {
    let mut candidates = Vec::new();
    for delimiter in DELIMITERS.into_iter().chain(named) {
        let first = csv_reader(text, delimiter).into_records().next().transpose().map_err(|error| not_csv(&error))?;
        candidates.push((delimiter, first.iter().flat_map(StringRecord::iter).map(parse_heading).collect::<Vec<_>>()));
    }
    let known_columns = |headings: &[Heading]| headings.iter().filter(|(_, column)| column.is_some()).count();
    let (delimiter, headings) =
        candidates.into_iter().max_by_key(|(_, headings)| known_columns(headings)).unwrap_or((b',', Vec::new()));
    for column in Column::VARIANTS {
        let headers: Vec<String> = headings
            .iter()
            .filter(|(_, heading)| *heading == Some(*column))
            .map(|(header, _)| format!("“{header}”"))
            .collect();
        if headers.len() > 1 {
            let message =
                format!("The file has the column {} more than once: {}.", column.header(), headers.join(", "));
            return Err(unreadable(message));
        }
        if headers.is_empty() && *column == Column::DiscordUsername {
            return Err(unreadable("The first line must name the columns, and one of them must be discord_username."));
        }
    }
    Ok((delimiter, headings))
}

fn parse_heading(header: &str) -> Heading {
    let key = text::loose_key(header);
    (header.trim().to_owned(), Column::VARIANTS.iter().copied().find(|column| column.accepts_header(&key)))
}

/// Whether the last row's last cell is a quotation that is not closed, so that a further row would be part of it.
fn ends_in_quotation(last_row: &str, delimiter: u8) -> bool {
    csv_reader(&format!("{last_row}\nnext"), delimiter).into_records().count() == 1
}

/// Parses a row, and returns the errors of the cells that cannot be read. If the row ends in a quotation that is not
/// closed, its last cell may contain the rows below it.
fn parse_record(
    location: RowLocation,
    headings: &[Heading],
    row: &StringRecord,
    ends_in_quotation: bool,
) -> Result<(Record, RowErrors), RowError> {
    // Spreadsheets write empty cells at the end of a row.
    if row.iter().skip(headings.len()).any(|cell| !cell.trim().is_empty()) {
        let message = format!("The row has {} cells, but the header only {}.", row.len(), headings.len());
        return Err(RowError::of_row(message));
    }
    let (mut record, mut errors) = (Record::new(location), RowErrors::default());
    for (number, ((header, column), cell)) in headings.iter().zip(row).enumerate() {
        let is_unclosed = ends_in_quotation && number + 1 == row.len();
        match column {
            Some(column) if is_unclosed => {
                errors.add(RowError::in_column(*column, "The quotation mark at the start of this cell is not closed."));
            }
            Some(column) if cell.trim().contains(['\n', '\r']) => {
                errors.add(RowError::in_column(
                    *column,
                    "The cell has several lines. Check for a missing quotation mark.",
                ));
            }
            Some(Column::DiscordId) => {
                errors.check(record.set_id_number(cell));
            }
            Some(column) => {
                errors.check(record.set_cell(*column, &formula::unescape(cell.trim())));
            }
            None if is_unclosed => {
                errors.add(RowError::of_row(format!("A quotation mark in the column “{header}” is not closed.")));
            }
            None => {}
        }
    }
    Ok((record, errors))
}

fn not_csv(error: &csv::Error) -> Refusal {
    unreadable(format!("The file is not a table: {error}."))
}

/// Counts lines as editors do. The CSV reader's own count is wrong after blank lines and `\r\n`.
struct LineCounter<'a> {
    text: &'a str,
    /// The byte at which `line` starts.
    offset: usize,
    line: u64,
}

impl<'a> LineCounter<'a> {
    /// Returns the location of a row, and the file's text from there. Call it for rows in order.
    fn locate(&mut self, row: &StringRecord) -> (RowLocation, &'a str) {
        let from = row.position().and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or(self.offset);
        let rest = self.text.get(from..).unwrap_or_default().trim_start_matches(['\r', '\n']);
        let start = self.text.len() - rest.len();
        let skipped = self.text.get(self.offset..start).unwrap_or_default();
        let line_ends = skipped.matches(['\r', '\n']).count() - skipped.matches("\r\n").count();
        self.line += line_ends as u64;
        self.offset = start;
        (RowLocation::Line(self.line), rest)
    }
}
