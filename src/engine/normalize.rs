//! Documents, as the library that executes them is given them: one operation, and what it needs.

use std::collections::{HashMap, HashSet};

use async_graphql::{
    Name, Positioned, Variables,
    parser::types::{
        DocumentOperations, ExecutableDocument, Field, FragmentDefinition, OperationDefinition, OperationType,
        Selection, SelectionSet,
    },
};

use async_graphql_value::Value;

use crate::kernel::error::{Code, Refusal};

type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;

/// An operation of a valid document, by itself with the fragments that it reaches. Arguments and input fields for which
/// there is no value are left out, as the specification has it (section 6.4.1); the library would take them to be null. What
/// is asked for twice by the same name is asked for once (section 6.3.2): the library would do a mutation twice.
pub(crate) fn executable(
    document: &ExecutableDocument,
    operation: &Positioned<OperationDefinition>,
    variables: &Variables,
) -> ExecutableDocument {
    let mut operation = operation.clone();
    if operation.node.ty == OperationType::Subscription {
        // The library passes over fragments at a subscription's root.
        let root = &operation.node.selection_set.node;
        let field = root_field(root, &document.fragments).ok().flatten().cloned();
        operation.node.selection_set.node.items = field.into_iter().collect();
    }
    merge(&mut operation.node.selection_set.node, Some(&document.fragments));
    let mut fragments = HashMap::new();
    reach(&operation.node.selection_set.node, &document.fragments, &mut fragments);
    for fragment in fragments.values_mut() {
        merge(&mut fragment.node.selection_set.node, None);
    }
    let declared = operation.node.variable_definitions.iter().map(|it| &it.node.name.node);
    let absent: HashSet<Name> = declared.filter(|name| !variables.contains_key(*name)).cloned().collect();
    if !absent.is_empty() {
        leave_out(&mut operation.node.selection_set.node, &absent);
        for fragment in fragments.values_mut() {
            leave_out(&mut fragment.node.selection_set.node, &absent);
        }
    }
    ExecutableDocument { operations: DocumentOperations::Single(operation), fragments }
}

/// The field at a subscription's root, in whatever fragments.
///
/// # Errors
/// `BAD_USER_INPUT` where it may be left out.
pub(crate) fn root_field<'d>(
    set: &'d SelectionSet,
    fragments: &'d Fragments,
) -> Result<Option<&'d Positioned<Selection>>, Refusal> {
    for item in &set.items {
        if !item.node.directives().is_empty() {
            let message = "The field at a subscription's root takes no directives.";
            return Err(Refusal::new(Code::BadUserInput, message));
        }
        let found = match &item.node {
            Selection::Field(_) => Some(item),
            Selection::InlineFragment(inline) => root_field(&inline.node.selection_set.node, fragments)?,
            Selection::FragmentSpread(spread) => match fragments.get(&spread.node.fragment_name.node) {
                Some(fragment) => root_field(&fragment.node.selection_set.node, fragments)?,
                None => None,
            },
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Whether a document asks for the schema.
pub(crate) fn introspects(document: &ExecutableDocument) -> bool {
    fn any(set: &SelectionSet) -> bool {
        set.items.iter().any(|item| match &item.node {
            Selection::Field(field) => {
                matches!(field.node.name.node.as_str(), "__schema" | "__type") || any(&field.node.selection_set.node)
            }
            Selection::InlineFragment(inline) => any(&inline.node.selection_set.node),
            // Each fragment is looked at by itself.
            Selection::FragmentSpread(_) => false,
        })
    }
    document.operations.iter().any(|(_, operation)| any(&operation.node.selection_set.node))
        || document.fragments.values().any(|fragment| any(&fragment.node.selection_set.node))
}

fn reach(set: &SelectionSet, fragments: &Fragments, reached: &mut Fragments) {
    for item in &set.items {
        match &item.node {
            Selection::Field(field) => reach(&field.node.selection_set.node, fragments, reached),
            Selection::InlineFragment(inline) => reach(&inline.node.selection_set.node, fragments, reached),
            Selection::FragmentSpread(spread) => {
                let name = &spread.node.fragment_name.node;
                if let Some(fragment) = fragments.get(name).filter(|_| !reached.contains_key(name)) {
                    reached.insert(name.clone(), fragment.clone());
                    reach(&fragment.node.selection_set.node, fragments, reached);
                }
            }
        }
    }
}

/// Merges the fields of the same name in the answer, but for those with directives. A valid document has them ask for the same.
/// At the root, whose type is known, also those in `fragments`.
fn merge(set: &mut SelectionSet, fragments: Option<&Fragments>) {
    let mut merged = Merged { fragments, ..Merged::default() };
    for item in std::mem::take(&mut set.items) {
        merged.add(item);
    }
    set.items = merged.items;
    for item in &mut set.items {
        match &mut item.node {
            Selection::Field(field) => merge(&mut field.node.selection_set.node, None),
            Selection::InlineFragment(inline) => merge(&mut inline.node.selection_set.node, None),
            Selection::FragmentSpread(_) => {}
        }
    }
}

#[derive(Default)]
struct Merged<'d> {
    items: Vec<Positioned<Selection>>,
    /// Where the fields of a name are.
    places: HashMap<Name, usize>,
    fragments: Option<&'d Fragments>,
    spread: HashSet<Name>,
}

impl Merged<'_> {
    fn add(&mut self, item: Positioned<Selection>) {
        if !item.node.directives().is_empty() {
            self.items.push(item);
            return;
        }
        match item.node {
            Selection::InlineFragment(inline) if inline.node.type_condition.is_none() || self.fragments.is_some() => {
                for item in inline.node.selection_set.node.items {
                    self.add(item);
                }
            }
            Selection::FragmentSpread(ref spread) => {
                let name = &spread.node.fragment_name.node;
                match self.fragments.and_then(|fragments| fragments.get(name)) {
                    Some(fragment) if self.spread.insert(name.clone()) => {
                        for item in &fragment.node.selection_set.node.items {
                            self.add(item.clone());
                        }
                    }
                    Some(_) => {}
                    None => self.items.push(item),
                }
            }
            Selection::Field(field) => {
                let place = *self.places.entry(field.node.response_key().node.clone()).or_insert(self.items.len());
                match self.items.get_mut(place).map(|item| &mut item.node) {
                    Some(Selection::Field(first)) => {
                        let more = field.node.selection_set.node.items;
                        first.node.selection_set.node.items.extend(more);
                    }
                    _ => self.items.push(Positioned::new(Selection::Field(field), item.pos)),
                }
            }
            Selection::InlineFragment(_) => self.items.push(item),
        }
    }
}

fn leave_out(set: &mut SelectionSet, absent: &HashSet<Name>) {
    for item in &mut set.items {
        match &mut item.node {
            Selection::Field(field) => {
                let Field { arguments, selection_set, .. } = &mut field.node;
                arguments.retain_mut(|(_, value)| is_given(&mut value.node, absent));
                leave_out(&mut selection_set.node, absent);
            }
            Selection::InlineFragment(inline) => leave_out(&mut inline.node.selection_set.node, absent),
            Selection::FragmentSpread(_) => {}
        }
    }
}

/// Whether there is a value, of which the parts are left out that have none. In a list such a part is null.
fn is_given(value: &mut Value, absent: &HashSet<Name>) -> bool {
    match value {
        Value::Variable(name) => !absent.contains(name),
        Value::Object(fields) => {
            fields.retain(|_, value| is_given(value, absent));
            true
        }
        Value::List(items) => {
            for item in items {
                if !is_given(item, absent) {
                    *item = Value::Null;
                }
            }
            true
        }
        _ => true,
    }
}
