//! Answers, completed as the specification has it.
//!
//! The library answers an object's fields in the order in which they are done, and leaves out those that failed. The
//! specification wants them in the order asked for (section 6.3, "Executing Selection Sets"), and a failed field to be
//! `null`, or, where it may not be, to take with it what holds it (section 6.4.4, "Handling Field Errors").

use std::collections::HashMap;

use async_graphql::{
    Name, PathSegment, Positioned, Response, Value,
    indexmap::IndexMap,
    parser::types::{
        BaseType, ExecutableDocument, Field, FragmentDefinition, OperationDefinition, OperationType, Selection,
        SelectionSet, ServiceDocument, Type, TypeKind, TypeSystemDefinition,
    },
};

/// The types of all fields, by the name of what they belong to and their own.
pub(super) struct FieldTypes(HashMap<String, HashMap<String, Type>>);

impl FieldTypes {
    /// Reads them off the schema.
    pub(super) fn of_schema(schema: &ServiceDocument) -> Self {
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

/// Completes the answer to an operation of a document.
pub(super) fn complete(
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
    let failed =
        response.errors.iter().filter(|error| !error.path.is_empty()).map(|error| error.path.clone()).collect();
    let completion = Completion { fragments: &document.fragments, types, failed };
    let selected = completion.select(&[(root, &operation.selection_set.node)]);
    let data = match std::mem::take(&mut response.data) {
        // When all of an object's fields failed, or were skipped, the library answers null in its place.
        Value::Null if !completion.failed.is_empty() || response.errors.is_empty() => Value::Object(IndexMap::new()),
        data => data,
    };
    response.data = match data {
        Value::Object(fields) => completion.object(fields, &selected, &mut Vec::new()).unwrap_or(Value::Null),
        data => data,
    };
}

struct Completion<'d> {
    fragments: &'d HashMap<Name, Positioned<FragmentDefinition>>,
    types: &'d FieldTypes,
    /// Where something failed.
    failed: Vec<Vec<PathSegment>>,
}

/// What is selected of an object, in order: by name in the answer, the field's type and what is selected inside.
type Selected<'d> = IndexMap<&'d str, Part<'d>>;

struct Part<'d> {
    /// `None` for the introspection's own, whose fields are left as they are.
    ty: Option<&'d Type>,
    inside: Selected<'d>,
}

/// A field that may not be null has failed, and so has what holds it.
struct Failed;

impl<'d> Completion<'d> {
    fn select(&self, sets: &[(&'d str, &'d SelectionSet)]) -> Selected<'d> {
        let mut fields: IndexMap<&'d str, Vec<(&'d str, &'d Field)>> = IndexMap::new();
        for (ty, set) in sets {
            self.collect(ty, set, &mut fields);
        }
        let part = |(name, fields): (&'d str, Vec<(&'d str, &'d Field)>)| {
            let ty = fields.iter().find_map(|(ty, field)| self.types.0.get(*ty)?.get(field.name.node.as_str()));
            let sets: Vec<_> = ty
                .map(base)
                .map_or(Vec::new(), |ty| fields.iter().map(|(_, field)| (ty, &field.selection_set.node)).collect());
            (name, Part { ty, inside: self.select(&sets) })
        };
        fields.into_iter().map(part).collect()
    }

    fn collect(&self, ty: &'d str, set: &'d SelectionSet, fields: &mut IndexMap<&'d str, Vec<(&'d str, &'d Field)>>) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    fields.entry(field.node.response_key().node.as_str()).or_default().push((ty, &field.node));
                }
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref().map(|it| it.node.on.node.as_str());
                    self.collect(condition.unwrap_or(ty), &fragment.node.selection_set.node, fields);
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.fragments.get(&spread.node.fragment_name.node) {
                        let condition = fragment.node.type_condition.node.on.node.as_str();
                        self.collect(condition, &fragment.node.selection_set.node, fields);
                    }
                }
            }
        }
    }

    fn object(
        &self,
        mut fields: IndexMap<Name, Value>,
        selected: &Selected<'d>,
        path: &mut Vec<PathSegment>,
    ) -> Result<Value, Failed> {
        let mut completed = IndexMap::with_capacity(fields.len());
        for (name, part) in selected {
            path.push(PathSegment::Field((*name).to_owned()));
            let found = fields.swap_remove_entry(*name);
            let (key, value) = match found {
                Some((key, value)) => (key, self.value(value, part.ty, part, path)),
                None if self.has_failed(path) => (Name::new(*name), Err(Failed)),
                // Of another type than the object's, or skipped.
                None => {
                    path.pop();
                    continue;
                }
            };
            path.pop();
            match value {
                Ok(value) => completed.insert(key, value),
                Err(Failed) if part.ty.is_none_or(|ty| ty.nullable) => completed.insert(key, Value::Null),
                Err(Failed) => return Err(Failed),
            };
        }
        Ok(Value::Object(completed))
    }

    fn has_failed(&self, path: &[PathSegment]) -> bool {
        self.failed.iter().any(|failed| failed.starts_with(path))
    }

    fn value(
        &self,
        value: Value,
        ty: Option<&Type>,
        part: &Part<'d>,
        path: &mut Vec<PathSegment>,
    ) -> Result<Value, Failed> {
        let Some(ty) = ty else { return Ok(value) };
        match value {
            // The library answers null for an object of which every field was skipped.
            Value::Null if !ty.nullable && !part.inside.is_empty() && !self.has_failed(path) => {
                Ok(Value::Object(IndexMap::new()))
            }
            Value::Null if !ty.nullable => Err(Failed),
            Value::Object(fields) => self.object(fields, &part.inside, path),
            Value::List(items) => {
                let item_type = match &ty.base {
                    BaseType::List(item) => Some(&**item),
                    BaseType::Named(_) => None,
                };
                let complete = |(index, item)| {
                    path.push(PathSegment::Index(index));
                    let item = self.value(item, item_type, part, path);
                    path.pop();
                    match item {
                        Err(Failed) if item_type.is_none_or(|ty| ty.nullable) => Ok(Value::Null),
                        item => item,
                    }
                };
                items.into_iter().enumerate().map(complete).collect::<Result<_, _>>().map(Value::List)
            }
            value => Ok(value),
        }
    }
}

fn base(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(item) => base(item),
    }
}
