//! Answers, completed as the specification has it.
//!
//! The library answers an object's fields in the order in which they are done, and leaves out those that failed. The
//! specification wants them in the order asked for (section 6.3, "Executing Selection Sets"), and a failed field to be
//! `null`, or, where it may not be, to take with it what holds it (section 6.4.4, "Handling Field Errors").

use std::collections::HashMap;

use async_graphql::{
    Name, PathSegment, Positioned, Response, ServerError, Value,
    indexmap::IndexMap,
    parser::types::{
        BaseType, ExecutableDocument, Field, FragmentDefinition, OperationDefinition, OperationType, Selection,
        SelectionSet, ServiceDocument, Type, TypeKind, TypeSystemDefinition,
    },
};

/// The types of all fields, by the name of what they belong to and their own.
pub(crate) struct FieldTypes(HashMap<String, HashMap<String, Type>>);

impl FieldTypes {
    /// Reads them off the schema.
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

/// Completes the answer to an operation of a document.
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
    let failed = Failures::of(&response.errors);
    let completion = Completion { fragments: &document.fragments, types };
    let selected = completion.select(&[(root, &operation.selection_set.node)]);
    let data = match std::mem::take(&mut response.data) {
        // When all of an object's fields failed, or were skipped, the library answers null in its place.
        Value::Null if failed.is_some() || response.errors.is_empty() => Value::Object(IndexMap::new()),
        data => data,
    };
    response.data = match data {
        Value::Object(mut fields) => match completion.object(&mut fields, &selected, failed.as_ref()) {
            Ok(()) => Value::Object(fields),
            Err(Failed) => Value::Null,
        },
        data => data,
    };
}

struct Completion<'d> {
    fragments: &'d HashMap<Name, Positioned<FragmentDefinition>>,
    types: &'d FieldTypes,
}

/// What failed: it, or these parts of it.
#[derive(Default)]
struct Failures {
    itself: bool,
    fields: HashMap<String, Self>,
    items: HashMap<usize, Self>,
}

impl Failures {
    /// Those of an answer's fields, if any failed.
    fn of(errors: &[ServerError]) -> Option<Self> {
        let mut failures = None;
        for error in errors.iter().filter(|error| !error.path.is_empty()) {
            let mut within = failures.get_or_insert_with(Self::default);
            for segment in &error.path {
                within = match segment {
                    PathSegment::Field(name) => within.fields.entry(name.clone()).or_default(),
                    PathSegment::Index(index) => within.items.entry(*index).or_default(),
                };
            }
            within.itself = true;
        }
        failures
    }

    /// Whether it is more than some of its fields that failed.
    fn is_of_whole(&self) -> bool {
        self.itself || !self.items.is_empty()
    }
}

/// What is selected of an object, in order: by name in the answer, the field's type and what is selected inside.
type Selected<'d> = IndexMap<&'d str, SelectedField<'d>>;

struct SelectedField<'d> {
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
            (name, SelectedField { ty, inside: self.select(&sets) })
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
        failed: Option<&Failures>,
    ) -> Result<(), Failed> {
        let failed_in = |name: &str| failed.and_then(|failed| failed.fields.get(name));
        // Nearly always they are all there in their order.
        if !fields.keys().map(Name::as_str).eq(selected.keys().copied()) {
            let mut found = std::mem::take(fields);
            for name in selected.keys() {
                if let Some((key, value)) = found.swap_remove_entry(*name) {
                    fields.insert(key, value);
                } else if failed_in(name).is_some() {
                    fields.insert(Name::new(*name), Value::Null);
                }
                // What else is not there is of another type than the object's, or skipped.
            }
        }
        let mut fields = fields.iter_mut().peekable();
        for (name, part) in selected {
            if let Some((_, value)) = fields.next_if(|(key, _)| key.as_str() == *name) {
                self.value(value, part.ty, part, failed_in(name))?;
            }
        }
        Ok(())
    }

    /// Completes a value: to `null` if it may be that, where it cannot be completed.
    fn value(
        &self,
        value: &mut Value,
        ty: Option<&Type>,
        part: &SelectedField<'d>,
        failed: Option<&Failures>,
    ) -> Result<(), Failed> {
        let Some(ty) = ty else { return Ok(()) };
        let completed = match value {
            // The library answers null for an object of which every field was skipped or failed.
            Value::Null if part.inside.is_empty() || failed.map_or(ty.nullable, Failures::is_of_whole) => Err(Failed),
            Value::Null => {
                let mut fields = IndexMap::new();
                self.object(&mut fields, &part.inside, failed).map(|()| *value = Value::Object(fields))
            }
            Value::Object(fields) => self.object(fields, &part.inside, failed),
            Value::List(items) => {
                let item_type = match &ty.base {
                    BaseType::List(item) => Some(&**item),
                    BaseType::Named(_) => None,
                };
                let mut items = items.iter_mut().enumerate();
                items.try_for_each(|(index, item)| {
                    self.value(item, item_type, part, failed.and_then(|failed| failed.items.get(&index)))
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
