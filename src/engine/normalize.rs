//! Normalizes documents for async-graphql: one operation with its fragments, without duplicate fields and absent
//! variables.

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

/// Returns one operation of a valid document, with the fragments that it uses, in a form that async-graphql executes
/// correctly.
///
/// - Arguments and input fields whose variable has no value are removed (§6.4.1). async-graphql would use null.
/// - Fields with the same response key are merged (§6.3.2). async-graphql would execute a mutation twice.
pub(crate) fn executable(
    document: &ExecutableDocument,
    operation: &Positioned<OperationDefinition>,
    variables: &Variables,
) -> ExecutableDocument {
    let mut operation = operation.clone();
    if operation.node.ty == OperationType::Subscription {
        // async-graphql ignores fragments at a subscription's root.
        let root = &operation.node.selection_set.node;
        let field = root_field(root, &document.fragments).ok().flatten().cloned();
        operation.node.selection_set.node.items = field.into_iter().collect();
    }
    merge_fields(&mut operation.node.selection_set.node, Some(&document.fragments));
    let mut fragments = HashMap::new();
    collect_fragments(&operation.node.selection_set.node, &document.fragments, &mut fragments);
    for fragment in fragments.values_mut() {
        merge_fields(&mut fragment.node.selection_set.node, None);
    }
    let declared = operation.node.variable_definitions.iter().map(|it| &it.node.name.node);
    let absent: HashSet<Name> = declared.filter(|name| !variables.contains_key(*name)).cloned().collect();
    if !absent.is_empty() {
        remove_absent(&mut operation.node.selection_set.node, &absent);
        for fragment in fragments.values_mut() {
            remove_absent(&mut fragment.node.selection_set.node, &absent);
        }
    }
    ExecutableDocument { operations: DocumentOperations::Single(operation), fragments }
}

/// Returns the field at a subscription's root, which may be in a fragment.
///
/// # Errors
/// `BAD_USER_INPUT` if a directive, such as `@skip`, could remove it.
pub(crate) fn root_field<'d>(
    set: &'d SelectionSet,
    fragments: &'d Fragments,
) -> Result<Option<&'d Positioned<Selection>>, Refusal> {
    for item in &set.items {
        if !item.node.directives().is_empty() {
            let message = "The field at a subscription's root must not have directives.";
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

/// Whether a document selects the schema.
pub(crate) fn introspects(document: &ExecutableDocument) -> bool {
    fn any(set: &SelectionSet) -> bool {
        set.items.iter().any(|item| match &item.node {
            Selection::Field(field) => {
                matches!(field.node.name.node.as_str(), "__schema" | "__type") || any(&field.node.selection_set.node)
            }
            Selection::InlineFragment(inline) => any(&inline.node.selection_set.node),
            // All fragments are checked below.
            Selection::FragmentSpread(_) => false,
        })
    }
    document.operations.iter().any(|(_, operation)| any(&operation.node.selection_set.node))
        || document.fragments.values().any(|fragment| any(&fragment.node.selection_set.node))
}

fn collect_fragments(set: &SelectionSet, fragments: &Fragments, collected: &mut Fragments) {
    for item in &set.items {
        match &item.node {
            Selection::Field(field) => collect_fragments(&field.node.selection_set.node, fragments, collected),
            Selection::InlineFragment(inline) => {
                collect_fragments(&inline.node.selection_set.node, fragments, collected);
            }
            Selection::FragmentSpread(spread) => {
                let name = &spread.node.fragment_name.node;
                if let Some(fragment) = fragments.get(name).filter(|_| !collected.contains_key(name)) {
                    collected.insert(name.clone(), fragment.clone());
                    collect_fragments(&fragment.node.selection_set.node, fragments, collected);
                }
            }
        }
    }
}

/// Merges fields with the same response key, except those with directives. In a valid document, they select the same
/// field with the same arguments. At the root, whose type is known, `fragments` are expanded and merged too.
fn merge_fields(set: &mut SelectionSet, fragments: Option<&Fragments>) {
    let mut merger = FieldMerger { fragments, ..FieldMerger::default() };
    for item in std::mem::take(&mut set.items) {
        merger.add(item);
    }
    set.items = merger.items;
    for item in &mut set.items {
        match &mut item.node {
            Selection::Field(field) => merge_fields(&mut field.node.selection_set.node, None),
            Selection::InlineFragment(inline) => merge_fields(&mut inline.node.selection_set.node, None),
            Selection::FragmentSpread(_) => {}
        }
    }
}

#[derive(Default)]
struct FieldMerger<'d> {
    items: Vec<Positioned<Selection>>,
    /// The index in `items` of each response key.
    indexes: HashMap<Name, usize>,
    fragments: Option<&'d Fragments>,
    /// The fragments that have been expanded.
    expanded: HashSet<Name>,
}

impl FieldMerger<'_> {
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
                    Some(fragment) if self.expanded.insert(name.clone()) => {
                        for item in &fragment.node.selection_set.node.items {
                            self.add(item.clone());
                        }
                    }
                    Some(_) => {}
                    None => self.items.push(item),
                }
            }
            Selection::Field(field) => {
                let index = *self.indexes.entry(field.node.response_key().node.clone()).or_insert(self.items.len());
                match self.items.get_mut(index).map(|item| &mut item.node) {
                    Some(Selection::Field(first)) => {
                        let subfields = field.node.selection_set.node.items;
                        first.node.selection_set.node.items.extend(subfields);
                    }
                    _ => self.items.push(Positioned::new(Selection::Field(field), item.pos)),
                }
            }
            Selection::InlineFragment(_) => self.items.push(item),
        }
    }
}

/// Removes the arguments and input fields whose variable is absent.
fn remove_absent(set: &mut SelectionSet, absent: &HashSet<Name>) {
    for item in &mut set.items {
        match &mut item.node {
            Selection::Field(field) => {
                let Field { arguments, selection_set, .. } = &mut field.node;
                arguments.retain_mut(|(_, value)| retain_value(&mut value.node, absent));
                remove_absent(&mut selection_set.node, absent);
            }
            Selection::InlineFragment(inline) => remove_absent(&mut inline.node.selection_set.node, absent),
            Selection::FragmentSpread(_) => {}
        }
    }
}

/// Returns whether a value is present, after removing its absent input fields. An absent item of a list becomes null.
fn retain_value(value: &mut Value, absent: &HashSet<Name>) -> bool {
    match value {
        Value::Variable(name) => !absent.contains(name),
        Value::Object(fields) => {
            fields.retain(|_, value| retain_value(value, absent));
            true
        }
        Value::List(items) => {
            for item in items {
                if !retain_value(item, absent) {
                    *item = Value::Null;
                }
            }
            true
        }
        _ => true,
    }
}
