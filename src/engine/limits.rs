//! Limits the size and cost of documents before they are validated and executed.
//!
//! A kilobyte of nested fragment spreads can expand to a billion fields. Therefore [`scan`] limits a document's length
//! and nesting before it is parsed. [`measure`] then visits each fragment only once, in time linear in the document's
//! length.

use std::collections::{HashMap, HashSet};

use async_graphql::{
    Name, Pos, Positioned, ServerError,
    parser::types::{
        Directive, ExecutableDocument, Field, FragmentDefinition, OperationDefinition, OperationType, Selection,
        SelectionSet,
    },
};

use super::settings::Limits;
use crate::kernel::error::{Code, Refusal};

/// Maximum size of a document in bytes, for each token of [`Limits::max_tokens`].
const BYTES_PER_TOKEN: u64 = 32;
/// Deepest nesting of brackets, in selections and in values.
pub(crate) const MAX_NESTING: usize = 64;
/// Deepest nesting of the lists in [`INTROSPECTION_LISTS`], as in graphql-js's `MaxIntrospectionDepthRule`.
const MAX_INTROSPECTION: u64 = 2;
/// A query may have this many times as many root fields as a mutation. Mutations write, and some are slow on purpose.
const QUERY_FIELDS_PER_MUTATION: u64 = 5;

/// Introspection fields by which a document can descend repeatedly.
const INTROSPECTION_LISTS: [&str; 4] = ["fields", "inputFields", "interfaces", "possibleTypes"];

/// Checks a text's length, tokens and nesting, so that the recursive parser can't overflow the stack.
///
/// # Errors
/// `QUERY_TOO_COMPLEX`.
pub(crate) fn scan(text: &str, limits: &Limits) -> Result<(), Refusal> {
    let max_bytes = limits.max_tokens.saturating_mul(BYTES_PER_TOKEN);
    if text.len() as u64 > max_bytes {
        return Err(too_complex(format!("A document may have at most {max_bytes} bytes.")));
    }
    let (mut tokens, mut nesting) = (0_u64, 0_usize);
    let mut bytes = text.bytes().peekable();
    let mut in_word = false;
    while let Some(byte) = bytes.next() {
        let was_in_word = std::mem::take(&mut in_word);
        match byte {
            b'#' => while bytes.next_if(|byte| !matches!(byte, b'\n' | b'\r')).is_some() {},
            b'"' => {
                tokens += 1;
                skip_string(&mut bytes);
            }
            b'{' | b'[' | b'(' => (tokens, nesting) = (tokens + 1, nesting + 1),
            b'}' | b']' | b')' => (tokens, nesting) = (tokens + 1, nesting.saturating_sub(1)),
            b' ' | b'\t' | b'\r' | b'\n' | b',' => {}
            b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | 0x80.. => {
                in_word = true;
                tokens += u64::from(!was_in_word);
            }
            _ => tokens += 1,
        }
        if tokens > limits.max_tokens {
            return Err(too_complex(format!("A document may have at most {} tokens.", limits.max_tokens)));
        }
        if nesting > MAX_NESTING {
            return Err(too_complex(format!("A document may nest at most {MAX_NESTING} levels.")));
        }
    }
    Ok(())
}

/// Skips the rest of a string after its first quote. A malformed string ends early, so that the text after it is
/// counted.
fn skip_string(bytes: &mut std::iter::Peekable<std::str::Bytes<'_>>) {
    if bytes.next_if_eq(&b'"').is_some() {
        if bytes.next_if_eq(&b'"').is_none() {
            return;
        }
        let mut quotes = 0;
        while quotes < 3 {
            match bytes.next() {
                Some(b'"') => quotes += 1,
                Some(b'\\') => {
                    quotes = 0;
                    let escaped = (0..3).take_while(|_| bytes.next_if_eq(&b'"').is_some()).count();
                    quotes += if escaped == 3 { 0 } else { escaped };
                }
                Some(_) => quotes = 0,
                None => return,
            }
        }
        return;
    }
    loop {
        match bytes.next() {
            Some(b'\\') => {
                bytes.next();
            }
            Some(b'"' | b'\n' | b'\r') | None => return,
            Some(_) => {}
        }
    }
}

/// Checks the size of a document with all fragments expanded.
///
/// # Errors
/// - `QUERY_TOO_COMPLEX`: the document exceeds a limit.
/// - `BAD_USER_INPUT`: a fragment spreads itself, a directive is repeated, or a subscription has several root fields.
pub(crate) fn measure(document: &ExecutableDocument, limits: &Limits) -> Result<(), ServerError> {
    let fragments = &document.fragments;
    let mut measurer = Measurer { fragments, fragment_sizes: HashMap::new(), visited: HashSet::new() };
    for name in fragments.keys() {
        measurer.fragment(name)?;
    }
    for (_, operation) in document.operations.iter() {
        let mut size = measurer.selections(&operation.node.selection_set.node)?;
        size.directives += count_directives(&operation.node.directives)?;
        size.check(operation, limits)?;
    }
    Ok(())
}

/// The size of a selection set with all fragments expanded.
#[derive(Clone, Copy, Default)]
struct SelectionSize {
    /// Fields on the first level only.
    fields: u64,
    depth: u64,
    aliases: u64,
    directives: u64,
    /// Nesting of [`INTROSPECTION_LISTS`].
    introspection: u64,
    /// Fields and spreads on all levels.
    selections: u64,
}

impl SelectionSize {
    fn check(self, operation: &Positioned<OperationDefinition>, limits: &Limits) -> Result<(), ServerError> {
        let max_fields = match operation.node.ty {
            OperationType::Mutation => (limits.max_root_fields / QUERY_FIELDS_PER_MUTATION).max(1),
            OperationType::Query | OperationType::Subscription => limits.max_root_fields,
        };
        let limits = [
            (self.selections, limits.max_complexity, "is too complex"),
            (self.depth, limits.max_depth, "nests fields too deep"),
            (self.fields, max_fields, "has too many fields at its root"),
            (self.aliases, limits.max_aliases, "has too many aliases"),
            (self.directives, limits.max_directives, "has too many directives"),
            (self.introspection, MAX_INTROSPECTION, "introspects too deep"),
        ];
        if let Some((size, limit, what)) = limits.into_iter().find(|(size, limit, _)| size > limit) {
            return Err(limit_exceeded(operation.pos, what, size, limit));
        }
        if operation.node.ty == OperationType::Subscription && self.fields != 1 {
            return Err(invalid_at(operation.pos, "A subscription must have exactly one field at its root."));
        }
        Ok(())
    }

    const fn combine(self, other: Self) -> Self {
        Self {
            fields: self.fields.saturating_add(other.fields),
            depth: if self.depth > other.depth { self.depth } else { other.depth },
            aliases: self.aliases.saturating_add(other.aliases),
            directives: self.directives.saturating_add(other.directives),
            introspection: if self.introspection > other.introspection {
                self.introspection
            } else {
                other.introspection
            },
            selections: self.selections.saturating_add(other.selections).saturating_add(1),
        }
    }
}

struct Measurer<'d> {
    fragments: &'d HashMap<Name, Positioned<FragmentDefinition>>,
    fragment_sizes: HashMap<&'d str, SelectionSize>,
    visited: HashSet<&'d str>,
}

impl<'d> Measurer<'d> {
    fn selections(&mut self, set: &'d SelectionSet) -> Result<SelectionSize, ServerError> {
        let mut total = SelectionSize::default();
        for selection in &set.items {
            let (mut size, directives) = match &selection.node {
                Selection::Field(field) => (self.field(&field.node)?, &field.node.directives),
                Selection::InlineFragment(fragment) => {
                    (self.selections(&fragment.node.selection_set.node)?, &fragment.node.directives)
                }
                Selection::FragmentSpread(spread) => {
                    (self.fragment(&spread.node.fragment_name.node)?, &spread.node.directives)
                }
            };
            size.directives = size.directives.saturating_add(count_directives(directives)?);
            total = total.combine(size);
        }
        Ok(total)
    }

    fn field(&mut self, field: &'d Field) -> Result<SelectionSize, ServerError> {
        let subfields = self.selections(&field.selection_set.node)?;
        let is_list = INTROSPECTION_LISTS.contains(&field.name.node.as_str());
        Ok(SelectionSize {
            fields: 1,
            depth: subfields.depth + 1,
            aliases: subfields.aliases.saturating_add(u64::from(field.alias.is_some())),
            introspection: subfields.introspection + u64::from(is_list),
            ..subfields
        })
    }

    fn fragment(&mut self, name: &str) -> Result<SelectionSize, ServerError> {
        if let Some(size) = self.fragment_sizes.get(name) {
            return Ok(*size);
        }
        // The validator reports unknown fragments.
        let Some((name, fragment)) = self.fragments.get_key_value(name) else { return Ok(SelectionSize::default()) };
        if !self.visited.insert(name) {
            return Err(invalid_at(fragment.pos, format!("The fragment {name} spreads itself.")));
        }
        let mut size = self.selections(&fragment.node.selection_set.node)?;
        size.directives = size.directives.saturating_add(count_directives(&fragment.node.directives)?);
        self.fragment_sizes.insert(name, size);
        Ok(size)
    }
}

/// Counts the directives of one location and refuses the first that is repeated. The schema has no repeatable
/// directives. The validator would report each repetition, in a response much longer than the request.
fn count_directives(directives: &[Positioned<Directive>]) -> Result<u64, ServerError> {
    let mut names = HashSet::new();
    match directives.iter().find(|directive| !names.insert(directive.node.name.node.as_str())) {
        None => Ok(directives.len() as u64),
        Some(repeated) => {
            let message = format!("The directive @{} is repeated at one location.", repeated.node.name.node);
            Err(invalid_at(repeated.pos, message))
        }
    }
}

pub(super) fn limit_exceeded(at: Pos, what: &str, size: u64, limit: u64) -> ServerError {
    let mut error = too_complex(format!("The operation {what}: {size}, of at most {limit}.")).into_server_error();
    error.locations = vec![at];
    error
}

fn invalid_at(at: Pos, message: impl Into<std::borrow::Cow<'static, str>>) -> ServerError {
    let mut error = Refusal::new(Code::BadUserInput, message).into_server_error();
    error.locations = vec![at];
    error
}

fn too_complex(message: String) -> Refusal {
    Refusal::new(Code::QueryTooComplex, message)
}
