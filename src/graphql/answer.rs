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
        Value::Object(mut fields) => match completion.object(&mut fields, &selected, &mut Vec::new()) {
            Ok(()) => Value::Object(fields),
            Err(Failed) => Value::Null,
        },
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
        fields: &mut IndexMap<Name, Value>,
        selected: &Selected<'d>,
        path: &mut Vec<PathSegment>,
    ) -> Result<(), Failed> {
        // Nearly always they are all there in their order.
        if !fields.keys().map(Name::as_str).eq(selected.keys().copied()) {
            let mut found = std::mem::take(fields);
            for name in selected.keys() {
                if let Some((key, value)) = found.swap_remove_entry(*name) {
                    fields.insert(key, value);
                } else if self.within(path, || PathSegment::Field((*name).to_owned()), |path| self.has_failed(path)) {
                    fields.insert(Name::new(*name), Value::Null);
                }
                // What else is not there is of another type than the object's, or skipped.
            }
        }
        let mut fields = fields.iter_mut().peekable();
        for (name, part) in selected {
            let Some((_, value)) = fields.next_if(|(key, _)| key.as_str() == *name) else { continue };
            let segment = || PathSegment::Field((*name).to_owned());
            self.within(path, segment, |path| self.value(value, part.ty, part, path))?;
        }
        Ok(())
    }

    fn has_failed(&self, path: &[PathSegment]) -> bool {
        self.failed.iter().any(|failed| failed.starts_with(path))
    }

    /// Does something one step further down, which is noted only where something has failed that it may lead to.
    fn within<R>(
        &self,
        path: &mut Vec<PathSegment>,
        segment: impl FnOnce() -> PathSegment,
        work: impl FnOnce(&mut Vec<PathSegment>) -> R,
    ) -> R {
        if self.failed.is_empty() {
            return work(path);
        }
        path.push(segment());
        let done = work(path);
        path.pop();
        done
    }

    /// Completes a value: to `null` if it may be that, where it cannot be completed.
    fn value(
        &self,
        value: &mut Value,
        ty: Option<&Type>,
        part: &Part<'d>,
        path: &mut Vec<PathSegment>,
    ) -> Result<(), Failed> {
        let Some(ty) = ty else { return Ok(()) };
        let completed = match value {
            // The library answers null for an object of which every field was skipped.
            Value::Null if !ty.nullable && !part.inside.is_empty() && !self.has_failed(path) => {
                *value = Value::Object(IndexMap::new());
                Ok(())
            }
            Value::Null => Err(Failed),
            Value::Object(fields) => self.object(fields, &part.inside, path),
            Value::List(items) => {
                let item_type = match &ty.base {
                    BaseType::List(item) => Some(&**item),
                    BaseType::Named(_) => None,
                };
                let mut items = items.iter_mut().enumerate();
                items.try_for_each(|(index, item)| {
                    self.within(path, || PathSegment::Index(index), |path| self.value(item, item_type, part, path))
                })
            }
            _ => Ok(()),
        };
        match completed {
            Err(Failed) if ty.nullable => {
                *value = Value::Null;
                Ok(())
            }
            completed => completed,
        }
    }
}

fn base(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(item) => base(item),
    }
}
