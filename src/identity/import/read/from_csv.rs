//! Tables, as spreadsheets save them.

use csv::{Reader, ReaderBuilder, StringRecord};
use strum::VariantArray;

use super::{ParsedFile, unreadable};
use crate::{
    identity::import::{
        formula,
        location::RowLocation,
        problem::Fault,
        record::{Column, Record},
    },
    kernel::{error::Refusal, text},
};

/// What may stand between cells. Where a header reads as well with several, the last is meant.
const DELIMITERS: [u8; 3] = [b'\t', b';', b','];

/// A column's header, and what it means.
type Heading = (String, Option<Column>);

pub(super) fn read(text: &str) -> Result<ParsedFile, Refusal> {
    let (delimiter, headings) = header(text)?;
    let mut reading = ParsedFile::default();
    for (header, column) in &headings {
        if column.is_none() && !header.is_empty() {
            reading.pass_over(header);
        }
    }
    let mut lines = Lines { text, at: 0, line: 1 };
    let mut rows = rows(text, delimiter).into_records().skip(1).peekable();
    while let Some(row) = rows.next().transpose().map_err(|error| not_csv(&error))? {
        if row.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let (location, rest) = lines.location(&row);
        let left_open = rows.peek().is_none() && rest.matches('"').count() % 2 == 1;
        match record(location, &headings, &row, left_open) {
            Ok(record) => reading.records.push(record),
            Err(fault) => reading.problems.push(fault.at(location)),
        }
    }
    Ok(reading)
}

fn rows(text: &str, delimiter: u8) -> Reader<&[u8]> {
    ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(text.as_bytes())
}

/// The delimiter by which most of the first line is understood, and the headings that it parts.
fn header(text: &str) -> Result<(u8, Vec<Heading>), Refusal> {
    let mut candidates = Vec::new();
    for delimiter in DELIMITERS {
        let first = rows(text, delimiter).into_records().next().transpose().map_err(|error| not_csv(&error))?;
        candidates.push((delimiter, first.iter().flat_map(StringRecord::iter).map(heading).collect::<Vec<_>>()));
    }
    let understood = |headings: &[Heading]| headings.iter().filter(|(_, column)| column.is_some()).count();
    let (delimiter, headings) =
        candidates.into_iter().max_by_key(|(_, headings)| understood(headings)).unwrap_or((b',', Vec::new()));
    for column in Column::VARIANTS {
        let named: Vec<String> = headings
            .iter()
            .filter(|(_, heading)| *heading == Some(*column))
            .map(|(header, _)| format!("“{header}”"))
            .collect();
        if named.len() > 1 {
            let message = format!("The column {} stands there more than once: {}.", column.header(), named.join(", "));
            return Err(unreadable(message));
        }
        if named.is_empty() && *column == Column::DiscordUsername {
            return Err(unreadable("The first line must name the columns, discord_username among them."));
        }
    }
    Ok((delimiter, headings))
}

fn heading(header: &str) -> Heading {
    let key = text::loose_key(header);
    (header.trim().to_owned(), Column::VARIANTS.iter().copied().find(|column| column.is_headed(&key)))
}

/// The row as a record. A row that is `left_open` may have swallowed those below it.
fn record(location: RowLocation, headings: &[Heading], row: &StringRecord, left_open: bool) -> Result<Record, Fault> {
    if row.len() > headings.len() {
        let message = format!("The row has {} cells, but the header only {}.", row.len(), headings.len());
        return Err(Fault::of_row(message));
    }
    let mut record = Record::new(location);
    for ((header, column), cell) in headings.iter().zip(row) {
        let several_lines = cell.trim().contains(['\n', '\r']);
        match column {
            Some(column) if several_lines => {
                return Err(Fault::in_column(
                    *column,
                    "The cell runs over several lines: is a quotation mark left open?",
                ));
            }
            Some(column) => record.fill(*column, formula::rearm(cell.trim()))?,
            None if several_lines && left_open => {
                let message = format!("A quotation mark in the column “{header}” is never closed.");
                return Err(Fault::of_row(message));
            }
            None => {}
        }
    }
    Ok(record)
}

fn not_csv(error: &csv::Error) -> Refusal {
    unreadable(format!("The file is not a table: {error}."))
}

/// Counts lines as an editor does. The reader's own count goes astray where lines are blank or end as on Windows.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    /// Where the row stands, and the file from there on. Rows must be asked for in order.
    fn location(&mut self, row: &StringRecord) -> (RowLocation, &'a str) {
        let from = row.position().and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or(self.at);
        let rest = self.text.get(from..).unwrap_or_default().trim_start_matches(['\r', '\n']);
        let start = self.text.len() - rest.len();
        let passed = self.text.get(self.at..start).unwrap_or_default();
        let ends = passed.matches(['\r', '\n']).count() - passed.matches("\r\n").count();
        self.line += ends as u64;
        self.at = start;
        (RowLocation::Line(self.line), rest)
    }
}
