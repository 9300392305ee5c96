//! How large a document is, told before anything walks it.
//!
//! A kilobyte of fragments that spread fragments can stand for a billion fields. So a document's text is scanned for size
//! and nesting before it is parsed, and the parsed document is measured in time linear in its length, each fragment once.

use std::collections::{HashMap, HashSet};

use async_graphql::{
    Name, Number, Pos, Positioned, ServerError, Value as ConstValue, Variables,
    parser::types::{
        BaseType, Directive, ExecutableDocument, Field, FragmentDefinition, OperationDefinition, OperationType,
        Selection, SelectionSet, ServiceDocument, Type, TypeKind, TypeSystemDefinition,
    },
};
use async_graphql_value::Value;

use super::settings::Limits;
use crate::kernel::{
    error::{Code, Refusal},
    page::{DEFAULT_SIZE, MAX_SIZE},
};

/// Most bytes of a document, for each of its tokens.
const BYTES_PER_TOKEN: u64 = 32;
/// Deepest nesting of brackets, selections and values alike.
pub(crate) const MAX_NESTING: usize = 64;
/// Deepest nesting of introspection's own lists (as in graphql-js's rule of maximum introspection depth).
const MAX_INTROSPECTION: u64 = 2;
/// How many items an unpaged list is taken to have.
const LIST_SIZE: u64 = 10;
/// Of how many root fields of a query a mutation has one: each does something, and some are meant to be slow.
const QUERY_FIELDS_PER_MUTATION: u64 = 5;

const INTROSPECTION_LISTS: [&str; 4] = ["fields", "inputFields", "interfaces", "possibleTypes"];

/// What each field multiplies the cost of its selection by, read off the schema.
pub struct Costs {
    multipliers: HashMap<String, u64>,
}

impl Costs {
    /// Reads which fields are connections and which are lists.
    pub fn from_schema(schema: &ServiceDocument) -> Self {
        let mut multipliers = HashMap::new();
        for definition in &schema.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let TypeKind::Object(object) = &definition.node.kind else { continue };
            for field in &object.fields {
                let multiplier = multiplier(&field.node.ty.node);
                let known: &mut u64 = multipliers.entry(field.node.name.node.to_string()).or_default();
                *known = multiplier.max(*known);
            }
        }
        Self { multipliers }
    }

    /// How many fields may have to be answered.
    ///
    /// # Errors
    /// `QUERY_TOO_COMPLEX`.
    pub fn check(
        &self,
        operation: &Positioned<OperationDefinition>,
        document: &ExecutableDocument,
        variables: &Variables,
        limits: &Limits,
    ) -> Result<(), ServerError> {
        let mut estimate = Estimate { costs: self, fragments: &document.fragments, variables, done: HashMap::new() };
        let cost = estimate.selections(&operation.node.selection_set.node);
        if cost <= limits.max_complexity {
            return Ok(());
        }
        Err(over(operation.pos, "asks for too much", cost, limits.max_complexity))
    }

    fn multiplier(&self, field: &Field, variables: &Variables) -> u64 {
        let name = field.name.node.as_str();
        // What cannot be told from here is taken to be as large as can be; a size out of range is refused by the field.
        let sized = |number: &Number| number.as_u64().unwrap_or(1).clamp(1, MAX_SIZE as u64);
        let size = |name: &str| match &field.get_argument(name)?.node {
            Value::Number(number) => Some(sized(number)),
            Value::List(items) => Some(items.len() as u64),
            Value::Variable(name) => match variables.get(name) {
                Some(ConstValue::Number(number)) => Some(sized(number)),
                Some(ConstValue::List(items)) => Some(items.len() as u64),
                // Left out, it is as if the argument were.
                None => None,
                Some(_) => Some(MAX_SIZE as u64),
            },
            _ => Some(MAX_SIZE as u64),
        };
        match size("first").or_else(|| size("last")).or_else(|| size("ids")) {
            Some(size) => size,
            // The lists of a connection are as long as its page, which counts already.
            None if matches!(name, "edges" | "nodes") => 1,
            None => self.multipliers.get(name).copied().unwrap_or(1),
        }
    }
}

fn multiplier(ty: &Type) -> u64 {
    match &ty.base {
        BaseType::List(_) => LIST_SIZE,
        BaseType::Named(name) if name.ends_with("Connection") => DEFAULT_SIZE as u64,
        BaseType::Named(_) => 1,
    }
}

/// What an operation costs with these variables. Its document has been measured, so no fragment spreads itself.
struct Estimate<'d> {
    costs: &'d Costs,
    fragments: &'d HashMap<Name, Positioned<FragmentDefinition>>,
    variables: &'d Variables,
    done: HashMap<&'d str, u64>,
}

impl<'d> Estimate<'d> {
    fn selections(&mut self, set: &'d SelectionSet) -> u64 {
        let cost = |selection: &'d Positioned<Selection>| match &selection.node {
            Selection::Field(field) => {
                let inside = self.selections(&field.node.selection_set.node);
                inside.saturating_mul(self.costs.multiplier(&field.node, self.variables))
            }
            Selection::InlineFragment(fragment) => self.selections(&fragment.node.selection_set.node),
            Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node),
        };
        // Each selection costs something by itself: a fragment may hold nothing but spreads.
        set.items.iter().map(cost).fold(0, |sum: u64, cost| sum.saturating_add(cost).saturating_add(1))
    }

    fn fragment(&mut self, name: &'d str) -> u64 {
        if let Some(cost) = self.done.get(name) {
            return *cost;
        }
        let Some(fragment) = self.fragments.get(name) else { return 0 };
        let cost = self.selections(&fragment.node.selection_set.node);
        self.done.insert(name, cost);
        cost
    }
}

/// Bounds a text's size, tokens and nesting, so that parsing it (which recurses) is safe.
///
/// # Errors
/// `QUERY_TOO_COMPLEX`.
pub(crate) fn scan(text: &str, limits: &Limits) -> Result<(), Refusal> {
    let max_bytes = limits.max_tokens.saturating_mul(BYTES_PER_TOKEN);
    if text.len() as u64 > max_bytes {
        return Err(too_complex(format!("A document has at most {max_bytes} bytes.")));
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
            return Err(too_complex(format!("A document has at most {} tokens.", limits.max_tokens)));
        }
        if nesting > MAX_NESTING {
            return Err(too_complex(format!("A document nests at most {MAX_NESTING} deep.")));
        }
    }
    Ok(())
}

/// Skips the rest of a string, of which the first quote is read. In doubt it ends early: what follows is then counted.
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

/// Measures a document whose fragments are put in.
///
/// # Errors
/// `QUERY_TOO_COMPLEX`; `BAD_USER_INPUT` for what goes in circles, says a directive twice at a place, or subscribes to
/// anything but one field.
pub(crate) fn measure(document: &ExecutableDocument, limits: &Limits) -> Result<(), ServerError> {
    let mut measure = Measure { fragments: &document.fragments, done: HashMap::new(), open: HashSet::new() };
    for name in document.fragments.keys() {
        measure.fragment(name)?;
    }
    for (_, operation) in document.operations.iter() {
        let mut size = measure.selections(&operation.node.selection_set.node)?;
        size.directives += directives(&operation.node.directives)?;
        size.check(operation, limits)?;
    }
    Ok(())
}

/// How large a selection is once its fragments are put in.
#[derive(Clone, Copy, Default)]
struct SelectionSize {
    fields: u64,
    depth: u64,
    aliases: u64,
    directives: u64,
    introspection: u64,
    /// Fields and spreads on all levels.
    whole: u64,
}

impl SelectionSize {
    fn check(self, operation: &Positioned<OperationDefinition>, limits: &Limits) -> Result<(), ServerError> {
        let most_fields = match operation.node.ty {
            OperationType::Mutation => (limits.max_root_fields / QUERY_FIELDS_PER_MUTATION).max(1),
            OperationType::Query | OperationType::Subscription => limits.max_root_fields,
        };
        let limits = [
            (self.whole, limits.max_complexity, "asks for too much"),
            (self.depth, limits.max_depth, "nests fields too deep"),
            (self.fields, most_fields, "has too many fields at its root"),
            (self.aliases, limits.max_aliases, "has too many aliases"),
            (self.directives, limits.max_directives, "has too many directives"),
            (self.introspection, MAX_INTROSPECTION, "introspects too deep"),
        ];
        if let Some((size, limit, what)) = limits.into_iter().find(|(size, limit, _)| size > limit) {
            return Err(over(operation.pos, what, size, limit));
        }
        if operation.node.ty == OperationType::Subscription && self.fields != 1 {
            return Err(refused_at(operation.pos, "A subscription has exactly one field at its root."));
        }
        Ok(())
    }

    const fn and(self, other: Self) -> Self {
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
            whole: self.whole.saturating_add(other.whole).saturating_add(1),
        }
    }
}

struct Measure<'d> {
    fragments: &'d HashMap<Name, Positioned<FragmentDefinition>>,
    done: HashMap<&'d str, SelectionSize>,
    open: HashSet<&'d str>,
}

impl<'d> Measure<'d> {
    fn selections(&mut self, set: &'d SelectionSet) -> Result<SelectionSize, ServerError> {
        let mut total = SelectionSize::default();
        for selection in &set.items {
            let (mut size, said) = match &selection.node {
                Selection::Field(field) => (self.field(&field.node)?, &field.node.directives),
                Selection::InlineFragment(fragment) => {
                    (self.selections(&fragment.node.selection_set.node)?, &fragment.node.directives)
                }
                Selection::FragmentSpread(spread) => {
                    (self.fragment(&spread.node.fragment_name.node)?, &spread.node.directives)
                }
            };
            size.directives = size.directives.saturating_add(directives(said)?);
            total = total.and(size);
        }
        Ok(total)
    }

    fn field(&mut self, field: &'d Field) -> Result<SelectionSize, ServerError> {
        let inside = self.selections(&field.selection_set.node)?;
        let is_list = INTROSPECTION_LISTS.contains(&field.name.node.as_str());
        Ok(SelectionSize {
            fields: 1,
            depth: inside.depth + 1,
            aliases: inside.aliases.saturating_add(u64::from(field.alias.is_some())),
            introspection: inside.introspection + u64::from(is_list),
            ..inside
        })
    }

    fn fragment(&mut self, name: &str) -> Result<SelectionSize, ServerError> {
        if let Some(size) = self.done.get(name) {
            return Ok(*size);
        }
        // A fragment that is not there is the validation's to report.
        let Some((name, fragment)) = self.fragments.get_key_value(name) else { return Ok(SelectionSize::default()) };
        if !self.open.insert(name) {
            return Err(refused_at(fragment.pos, format!("The fragment {name} spreads itself.")));
        }
        let mut size = self.selections(&fragment.node.selection_set.node)?;
        size.directives = size.directives.saturating_add(directives(&fragment.node.directives)?);
        self.done.insert(name, size);
        Ok(size)
    }
}

/// How many there are. None of the schema's may be repeated at a place, and reporting each would be an answer much longer
/// than the question.
fn directives(said: &[Positioned<Directive>]) -> Result<u64, ServerError> {
    let mut names = HashSet::new();
    match said.iter().find(|directive| !names.insert(directive.node.name.node.as_str())) {
        None => Ok(said.len() as u64),
        Some(twice) => {
            let message = format!("The directive @{} stands twice at one place.", twice.node.name.node);
            Err(refused_at(twice.pos, message))
        }
    }
}

fn over(at: Pos, what: &str, size: u64, limit: u64) -> ServerError {
    let mut error = too_complex(format!("The operation {what}: {size}, of at most {limit}.")).into_server_error();
    error.locations = vec![at];
    error
}

fn refused_at(at: Pos, message: impl Into<std::borrow::Cow<'static, str>>) -> ServerError {
    let mut error = Refusal::new(Code::BadUserInput, message).into_server_error();
    error.locations = vec![at];
    error
}

fn too_complex(message: String) -> Refusal {
    Refusal::new(Code::QueryTooComplex, message)
}
