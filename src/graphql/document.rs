//! Documents, measured before anything walks them.
//!
//! A kilobyte of fragments that spread fragments can stand for a billion fields. So every document, on every transport,
//! passes here first: its text is scanned for size and nesting before it is parsed, and the parsed document is measured
//! in time linear in its length, each fragment once, before the schema sees it.

use std::collections::{HashMap, HashSet};

use async_graphql::{
    Name, Pos, Positioned, ServerError, Value, Variables,
    parser::{
        parse_query, parse_schema,
        types::{
            BaseType, ExecutableDocument, Field, FragmentDefinition, OperationDefinition, OperationType, Selection,
            SelectionSet, Type, TypeKind, TypeSystemDefinition,
        },
    },
};

use crate::{
    error::{Code, Refusal},
    page::{DEFAULT_SIZE, MAX_SIZE},
};

/// Most bytes of a document.
const MAX_BYTES: usize = 64 * 1_024;
/// Most tokens of a document.
const MAX_TOKENS: usize = 8_000;
/// Deepest nesting of brackets, selections and values alike.
pub(super) const MAX_NESTING: usize = 64;
/// Deepest nesting of fields. An introspection by the usual tools reaches 15.
const MAX_DEPTH: u64 = 20;
/// Most fields at an operation's root, aliases counted.
const MAX_ROOT_FIELDS: u64 = 50;
/// Most fields of a mutation: each does something, and some are meant to be slow.
const MAX_MUTATIONS: u64 = 10;
/// Most fields that may have to be answered, by the estimate of [`Costs`].
const MAX_COST: u64 = 100_000;
/// Deepest nesting of introspection's own lists (as in graphql-js's rule of maximum introspection depth).
const MAX_INTROSPECTION: u64 = 2;
/// How many items an unpaged list is taken to have.
const LIST_SIZE: u64 = 10;

const INTROSPECTION_LISTS: [&str; 4] = ["fields", "inputFields", "interfaces", "possibleTypes"];

/// What each field multiplies the cost of its selection by, read off the schema.
pub struct Costs {
    multipliers: HashMap<String, u64>,
}

impl Costs {
    /// Reads which fields are connections and which are lists.
    ///
    /// # Errors
    /// When the text is not a schema.
    pub fn of_schema(sdl: &str) -> Result<Self, async_graphql::parser::Error> {
        let mut multipliers = HashMap::new();
        for definition in parse_schema(sdl)?.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let TypeKind::Object(object) = definition.node.kind else { continue };
            for field in object.fields {
                let multiplier = multiplier(&field.node.ty.node);
                let known: &mut u64 = multipliers.entry(field.node.name.node.to_string()).or_default();
                *known = multiplier.max(*known);
            }
        }
        Ok(Self { multipliers })
    }

    fn multiplier(&self, field: &Field, variables: &Variables) -> u64 {
        let name = field.name.node.as_str();
        let value = |name: &str| {
            let value = field.get_argument(name)?.node.clone();
            // What cannot be told from here, such as a variable's default, is taken to be as large as can be.
            Some(value.into_const_with(|name| variables.get(&name).cloned().ok_or(())).unwrap_or(Value::Null))
        };
        match (value("first").or_else(|| value("last")), value("ids")) {
            // A size out of range is refused by the field itself.
            (Some(Value::Number(size)), _) => size.as_u64().unwrap_or(1).clamp(1, MAX_SIZE as u64),
            (_, Some(Value::List(ids))) => ids.len() as u64,
            (Some(_), _) | (_, Some(_)) => MAX_SIZE as u64,
            // The lists of a connection are as long as its page, which counts already.
            (None, None) if matches!(name, "edges" | "nodes") => 1,
            (None, None) => self.multipliers.get(name).copied().unwrap_or(1),
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

/// A document that may be executed.
pub struct Document {
    /// As parsed.
    pub parsed: ExecutableDocument,
    /// The operation that is asked for.
    operation: OperationDefinition,
}

impl Document {
    /// The operation that is asked for.
    pub const fn operation(&self) -> &OperationDefinition {
        &self.operation
    }
}

/// Parses and measures a document.
///
/// # Errors
/// `BAD_USER_INPUT` for what does not parse, goes in circles, or does not have the operation; `QUERY_TOO_COMPLEX`.
pub fn prepare(
    text: &str,
    operation: Option<&str>,
    variables: &Variables,
    costs: &Costs,
) -> Result<Document, ServerError> {
    scan(text).map_err(Refusal::into_server_error)?;
    let parsed = parse_query(text).map_err(|error| {
        let mut error = ServerError::from(error);
        // The parser draws the line; what it expected is on its last.
        let expected = error.message.lines().last().unwrap_or_default().trim_start_matches([' ', '=']);
        error.message = format!("The document does not parse: {expected}.");
        error.extensions.get_or_insert_default().set("code", Code::BadUserInput.as_str());
        error
    })?;
    let mut measure =
        Measure { fragments: &parsed.fragments, variables, costs, done: HashMap::new(), open: HashSet::new() };
    for name in parsed.fragments.keys() {
        measure.fragment(name)?;
    }
    for (_, operation) in parsed.operations.iter() {
        let size = measure.selections(&operation.node.selection_set.node)?;
        size.check(operation.node.ty, operation.pos)?;
    }
    let chosen = parsed.operations.iter().find(|(name, _)| match operation {
        Some(wanted) => name.is_some_and(|name| name == wanted),
        None => true,
    });
    let several = parsed.operations.iter().count() > 1;
    let (_, chosen) = chosen.filter(|_| operation.is_some() || !several).ok_or_else(|| {
        let message = match operation {
            Some(name) => format!("The document has no operation {name:?}."),
            None => "The document has several operations; say which in operationName.".to_owned(),
        };
        Refusal::input("operationName", message).into_server_error()
    })?;
    let operation = chosen.node.clone();
    Ok(Document { parsed, operation })
}

/// Bounds a text's size, tokens and nesting, so that parsing it (which recurses) is safe.
fn scan(text: &str) -> Result<(), Refusal> {
    if text.len() > MAX_BYTES {
        return Err(too_complex(format!("A document has at most {MAX_BYTES} bytes.")));
    }
    let (mut tokens, mut nesting) = (0_usize, 0_usize);
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
                tokens += usize::from(!was_in_word);
            }
            _ => tokens += 1,
        }
        if tokens > MAX_TOKENS {
            return Err(too_complex(format!("A document has at most {MAX_TOKENS} tokens.")));
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

/// How large a selection is once its fragments are put in.
#[derive(Clone, Copy, Default)]
struct Size {
    fields: u64,
    depth: u64,
    cost: u64,
    introspection: u64,
}

impl Size {
    /// A spread costs something by itself: what is spread may hold nothing but spreads.
    const fn spread(self) -> Self {
        Self { cost: self.cost.saturating_add(1), ..self }
    }

    fn check(self, ty: OperationType, at: Pos) -> Result<(), ServerError> {
        let most_fields = if ty == OperationType::Mutation { MAX_MUTATIONS } else { MAX_ROOT_FIELDS };
        let limits = [
            (self.depth, MAX_DEPTH, "nests fields too deep"),
            (self.cost, MAX_COST, "asks for too much"),
            (self.fields, most_fields, "has too many fields at its root"),
            (self.introspection, MAX_INTROSPECTION, "introspects too deep"),
        ];
        match limits.into_iter().find(|(size, limit, _)| size > limit) {
            None => Ok(()),
            Some((size, limit, what)) => {
                let mut error =
                    too_complex(format!("The operation {what}: {size}, of at most {limit}.")).into_server_error();
                error.locations = vec![at];
                Err(error)
            }
        }
    }
}

struct Measure<'d> {
    fragments: &'d HashMap<Name, Positioned<FragmentDefinition>>,
    variables: &'d Variables,
    costs: &'d Costs,
    done: HashMap<&'d str, Size>,
    open: HashSet<&'d str>,
}

impl<'d> Measure<'d> {
    fn selections(&mut self, set: &'d SelectionSet) -> Result<Size, ServerError> {
        let mut total = Size::default();
        for selection in &set.items {
            let size = match &selection.node {
                Selection::Field(field) => self.field(&field.node)?,
                Selection::InlineFragment(fragment) => self.selections(&fragment.node.selection_set.node)?.spread(),
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node)?.spread(),
            };
            total = Size {
                fields: total.fields.saturating_add(size.fields),
                depth: total.depth.max(size.depth),
                cost: total.cost.saturating_add(size.cost),
                introspection: total.introspection.max(size.introspection),
            };
        }
        Ok(total)
    }

    fn field(&mut self, field: &'d Field) -> Result<Size, ServerError> {
        let inside = self.selections(&field.selection_set.node)?;
        let is_list = INTROSPECTION_LISTS.contains(&field.name.node.as_str());
        Ok(Size {
            fields: 1,
            depth: inside.depth + 1,
            cost: inside.cost.saturating_mul(self.costs.multiplier(field, self.variables)).saturating_add(1),
            introspection: inside.introspection + u64::from(is_list),
        })
    }

    fn fragment(&mut self, name: &str) -> Result<Size, ServerError> {
        if let Some(size) = self.done.get(name) {
            return Ok(*size);
        }
        // A fragment that is not there is the validation's to report.
        let Some((name, fragment)) = self.fragments.get_key_value(name) else { return Ok(Size::default()) };
        if !self.open.insert(name) {
            let message = format!("The fragment {name} spreads itself.");
            let mut error = Refusal::new(Code::BadUserInput, message).into_server_error();
            error.locations = vec![fragment.pos];
            return Err(error);
        }
        let size = self.selections(&fragment.node.selection_set.node)?;
        self.done.insert(name, size);
        Ok(size)
    }
}

fn too_complex(message: String) -> Refusal {
    Refusal::new(Code::QueryTooComplex, message)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use proptest::prelude::*;

    use super::*;

    const SDL: &str =
        "type Query { members(first: Int): MemberConnection tags: [Tag] name: String nodes(ids: [ID!]!): [Tag] }
        type MemberConnection { nodes: [Member] } type Member { friends(first: Int): MemberConnection name: String }
        type Tag { tags: [Tag] name: String }";

    fn prepared(text: &str) -> Result<Document, ServerError> {
        let costs = Costs::of_schema(SDL).map_err(ServerError::from)?;
        prepare(text, None, &Variables::default(), &costs)
    }

    fn code(text: &str) -> Option<String> {
        let error = prepared(text).err()?;
        error.extensions.and_then(|it| it.get("code").map(ToString::to_string))
    }

    #[test]
    fn fragments_that_double_thirty_times_are_measured_at_once() {
        let mut text = String::from("{ ...F0 }");
        for i in 0..30 {
            write!(text, " fragment F{i} on Query {{ ...F{} ...F{} }}", i + 1, i + 1).unwrap();
        }
        for leaf in ["name", "...Missing"] {
            let text = format!("{text} fragment F30 on Query {{ {leaf} }}");
            assert_eq!(code(&text).as_deref(), Some("\"QUERY_TOO_COMPLEX\""), "{leaf}");
        }
    }

    #[test]
    fn a_hundred_spreads_on_five_levels_are_measured_at_once() {
        let mut text = String::from("{ ...F0 }");
        for i in 0..5 {
            write!(text, " fragment F{i} on Query {{ {} }}", format!("...F{} ", i + 1).repeat(100)).unwrap();
        }
        text += " fragment F5 on Query { name }";
        assert_eq!(code(&text).as_deref(), Some("\"QUERY_TOO_COMPLEX\""));
    }

    #[test]
    fn what_goes_in_circles_does_not_parse_or_asks_for_too_much_is_refused() {
        let deep = format!("{}name{}", "{ tags ".repeat(70), "}".repeat(70));
        let paged =
            "{ members(first: 100) { nodes { friends(first: 100) { nodes { friends { nodes { name } } } } } } }";
        let defaulted = "query($n: Int = 100) { members(first: $n) { nodes { friends(first: $n) { nodes { friends(first: $n) \
            { nodes { name } } } } } } }";
        let ids = format!("{{ nodes(ids: [{}]) {{ {} }} }}", "1 ".repeat(100), "tags { tags { tags { name } } }");
        let wide = (0..60).map(|i| format!("a{i}: name")).collect::<Vec<_>>().join(" ");
        for (text, expected) in [
            ("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }", "\"BAD_USER_INPUT\""),
            ("{ name ", "\"BAD_USER_INPUT\""),
            ("query A { name } query B { name }", "\"BAD_USER_INPUT\""),
            (deep.as_str(), "\"QUERY_TOO_COMPLEX\""),
            (paged, "\"QUERY_TOO_COMPLEX\""),
            (defaulted, "\"QUERY_TOO_COMPLEX\""),
            (ids.as_str(), "\"QUERY_TOO_COMPLEX\""),
            (&format!("{{ {wide} }}"), "\"QUERY_TOO_COMPLEX\""),
            (&"{".repeat(60_000), "\"QUERY_TOO_COMPLEX\""),
            (
                "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
                "\"QUERY_TOO_COMPLEX\"",
            ),
        ] {
            assert_eq!(code(text).as_deref(), Some(expected), "{text:.80}");
        }
    }

    #[test]
    fn brackets_in_strings_and_comments_do_not_nest() {
        let text = format!(
            "# {0}\n{{ members(first: 1) {{ nodes {{ name }} }} a: name @x(y: \"{0}\", z: \"\"\"{0}\"\"\") }}",
            "{".repeat(90)
        );
        assert_eq!(code(&text), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[{}\\[\\]()\"\\\\#a-z.:@$!\n ]{0,200}") {
            let _ = prepared(&text);
        }
    }
}
