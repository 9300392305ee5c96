//! Completes responses as the GraphQL specification requires.
//!
//! async-graphql returns an object's fields in the order in which they were resolved, without those that failed. The
//! specification requires the order of the selection (§6.3, "Executing Selection Sets"). It also requires a failed
//! field to be `null`, or, if its type is non-null, to propagate the error to its parent (§6.4.4, "Handling Field
//! Errors").

use std::collections::HashMap;

use async_graphql::{
    Name, PathSegment, Positioned, Response, ServerError, Value,
    indexmap::IndexMap,
    parser::types::{
        BaseType, ExecutableDocument, Field, FragmentDefinition, OperationDefinition, OperationType, Selection,
        SelectionSet, ServiceDocument, Type, TypeKind, TypeSystemDefinition,
    },
};

/// The types of all fields, by the name of the parent type and of the field.
pub(crate) struct FieldTypes(HashMap<String, HashMap<String, Type>>);

impl FieldTypes {
    /// Reads the types from the schema.
    pub(crate) fn from_schema(schema: &ServiceDocument) -> Self {
        let mut types = HashMap::new();
        for definition in &schema.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let fields = match &definition.node.kind {
                TypeKind::Object(object) => &object.fields,
                TypeKind::Interface(interface) => &interface.fields,
                _ => continue,
            };
            let fields = fields.iter().map(|field| (field.node.name.node.to_string(), field.node.ty.node.clone()));
            types.insert(definition.node.name.node.to_string(), fields.collect());
        }
        Self(types)
    }
}

/// Completes the response to an operation of a document.
pub(crate) fn complete(
    response: &mut Response,
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    types: &FieldTypes,
) {
    let root = match operation.ty {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => "Subscription",
    };
    let failed = FailedPaths::new(&response.errors);
    let completion = Completion { fragments: &document.fragments, types };
    let grouped = completion.group(&[(root, &operation.selection_set.node)]);
    let data = match std::mem::take(&mut response.data) {
        // async-graphql returns null for an object if all its fields failed or were skipped.
        Value::Null if failed.is_some() || response.errors.is_empty() => Value::Object(IndexMap::new()),
        data => data,
    };
    response.data = match data {
        Value::Object(mut fields) => match completion.complete_object(&mut fields, &grouped, failed.as_ref()) {
            Ok(()) => Value::Object(fields),
            Err(PropagatedError) => Value::Null,
        },
        data => data,
    };
}

struct Completion<'d> {
    fragments: &'d HashMap<Name, Positioned<FragmentDefinition>>,
    types: &'d FieldTypes,
}

/// The paths of a response's errors, as a tree.
#[derive(Default)]
struct FailedPaths {
    /// Whether an error's path ends here.
    itself: bool,
    fields: HashMap<String, Self>,
    items: HashMap<usize, Self>,
}

impl FailedPaths {
    /// Returns `None` if no error has a path.
    fn new(errors: &[ServerError]) -> Option<Self> {
        let mut root = None;
        for error in errors.iter().filter(|error| !error.path.is_empty()) {
            let mut node = root.get_or_insert_with(Self::default);
            for segment in &error.path {
                node = match segment {
                    PathSegment::Field(name) => node.fields.entry(name.clone()).or_default(),
                    PathSegment::Index(index) => node.items.entry(*index).or_default(),
                };
            }
            node.itself = true;
        }
        root
    }

    /// Whether the value itself failed, or items of it, rather than only fields.
    fn includes_value(&self) -> bool {
        self.itself || !self.items.is_empty()
    }
}

/// The fields of an object by response key, in the order of the selection: the specification's grouped field set.
type GroupedFields<'d> = IndexMap<&'d str, GroupedField<'d>>;

struct GroupedField<'d> {
    /// `None` for introspection fields, which are not completed.
    ty: Option<&'d Type>,
    subfields: GroupedFields<'d>,
}

/// A non-null field failed, so its parent becomes null or fails too.
struct PropagatedError;

impl<'d> Completion<'d> {
    fn group(&self, sets: &[(&'d str, &'d SelectionSet)]) -> GroupedFields<'d> {
        let mut collected: IndexMap<&'d str, Vec<(&'d str, &'d Field)>> = IndexMap::new();
        for (ty, set) in sets {
            self.collect_fields(ty, set, &mut collected);
        }
        let group = |(key, fields): (&'d str, Vec<(&'d str, &'d Field)>)| {
            let ty = fields.iter().find_map(|(ty, field)| self.types.0.get(*ty)?.get(field.name.node.as_str()));
            let sets: Vec<_> = ty
                .map(named_type)
                .map_or(Vec::new(), |ty| fields.iter().map(|(_, field)| (ty, &field.selection_set.node)).collect());
            (key, GroupedField { ty, subfields: self.group(&sets) })
        };
        collected.into_iter().map(group).collect()
    }

    fn collect_fields(
        &self,
        ty: &'d str,
        set: &'d SelectionSet,
        fields: &mut IndexMap<&'d str, Vec<(&'d str, &'d Field)>>,
    ) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    fields.entry(field.node.response_key().node.as_str()).or_default().push((ty, &field.node));
                }
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref().map(|it| it.node.on.node.as_str());
                    self.collect_fields(condition.unwrap_or(ty), &fragment.node.selection_set.node, fields);
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.fragments.get(&spread.node.fragment_name.node) {
                        let condition = fragment.node.type_condition.node.on.node.as_str();
                        self.collect_fields(condition, &fragment.node.selection_set.node, fields);
                    }
                }
            }
        }
    }

    fn complete_object(
        &self,
        fields: &mut IndexMap<Name, Value>,
        grouped: &GroupedFields<'d>,
        failed: Option<&FailedPaths>,
    ) -> Result<(), PropagatedError> {
        let failed_in = |key: &str| failed.and_then(|failed| failed.fields.get(key));
        // Usually the fields are complete and in order already.
        if !fields.keys().map(Name::as_str).eq(grouped.keys().copied()) {
            let mut unordered = std::mem::take(fields);
            for key in grouped.keys() {
                if let Some((key, value)) = unordered.swap_remove_entry(*key) {
                    fields.insert(key, value);
                } else if failed_in(key).is_some() {
                    fields.insert(Name::new(*key), Value::Null);
                }
                // Any other missing field was skipped, or belongs to a fragment on another type.
            }
        }
        let mut fields = fields.iter_mut().peekable();
        for (key, field) in grouped {
            if let Some((_, value)) = fields.next_if(|(name, _)| name.as_str() == *key) {
                self.complete_value(value, field.ty, field, failed_in(key))?;
            }
        }
        Ok(())
    }

    /// Completes a value. A value that fails becomes `null` if its type is nullable.
    fn complete_value(
        &self,
        value: &mut Value,
        ty: Option<&Type>,
        field: &GroupedField<'d>,
        failed: Option<&FailedPaths>,
    ) -> Result<(), PropagatedError> {
        let Some(ty) = ty else { return Ok(()) };
        let completed = match value {
            Value::Null if field.subfields.is_empty() || failed.map_or(ty.nullable, FailedPaths::includes_value) => {
                Err(PropagatedError)
            }
            // async-graphql returns null for an object if all its fields failed or were skipped.
            Value::Null => {
                let mut fields = IndexMap::new();
                let completed = self.complete_object(&mut fields, &field.subfields, failed);
                completed.map(|()| *value = Value::Object(fields))
            }
            Value::Object(fields) => self.complete_object(fields, &field.subfields, failed),
            Value::List(items) => {
                let item_type = match &ty.base {
                    BaseType::List(item) => Some(&**item),
                    BaseType::Named(_) => None,
                };
                let mut items = items.iter_mut().enumerate();
                items.try_for_each(|(index, item)| {
                    self.complete_value(item, item_type, field, failed.and_then(|failed| failed.items.get(&index)))
                })
            }
            _ => Ok(()),
        };
        match completed {
            Err(PropagatedError) if ty.nullable => {
                *value = Value::Null;
                Ok(())
            }
            completed => completed,
        }
    }
}

/// The named type inside any lists.
fn named_type(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(item) => named_type(item),
    }
}
