//! Checks the values that are written into a document, and names their fields.
//!
//! apollo-compiler doesn't know the forms of custom scalars, accepts objects with two fields of the same name, and
//! doesn't say which field a wrong value is for.

use std::collections::HashSet;

use apollo_compiler::{
    ExecutableDocument, Node, Schema,
    ast::{Type, Value},
};
use async_graphql::{Pos, ServerError};

use super::{input_path::InputPath, settings::MAX_ERRORS};
use crate::kernel::{clock, error::Refusal, input::InputCheck};

/// The values in a document: the arguments of all fields, the defaults of all variables, and the values inside these.
pub(super) struct Literals<'d> {
    document: &'d ExecutableDocument,
    schema: &'d Schema,
    found: Vec<Literal<'d>>,
}

struct Literal<'d> {
    path: InputPath,
    value: &'d Node<Value>,
    ty: &'d Type,
}

impl<'d> Literals<'d> {
    /// Finds the values of a document.
    pub(super) fn in_document(document: &'d ExecutableDocument, schema: &'d Schema) -> Self {
        let mut literals = Self { document, schema, found: Vec::new() };
        for operation in document.operations.iter() {
            for variable in &operation.variables {
                if let Some(default) = &variable.default_value {
                    literals.add(InputPath::new(variable.name.as_str()), default, &variable.ty);
                }
            }
            for field in operation.all_fields(document) {
                for argument in &field.arguments {
                    if let Some(definition) = field.definition.argument_by_name(&argument.name) {
                        literals.add(InputPath::new(argument.name.as_str()), &argument.value, &definition.ty);
                    }
                }
            }
        }
        literals
    }

    fn add(&mut self, path: InputPath, value: &'d Node<Value>, ty: &'d Type) {
        match value.as_ref() {
            Value::List(items) if ty.is_list() => {
                for (index, item) in items.iter().enumerate() {
                    self.add(path.item(index), item, ty.item_type());
                }
            }
            Value::Object(fields) => {
                let schema = self.schema;
                if let Some(input) = schema.get_input_object(ty.inner_named_type()) {
                    for (name, value) in fields {
                        if let Some(definition) = input.fields.get(name) {
                            self.add(path.field(name), value, &definition.ty);
                        }
                    }
                }
            }
            _ => {}
        }
        self.found.push(Literal { path, value, ty });
    }

    /// Checks the values of a document that is valid otherwise.
    ///
    /// # Errors
    /// `BAD_USER_INPUT`, naming all fields at fault.
    pub(super) fn check(&self) -> Result<(), ServerError> {
        let mut first_at_fault = None;
        let refusals = self.found.iter().flat_map(|literal| literal.check().into_iter().map(move |it| (literal, it)));
        let checked = InputCheck::run(|check| {
            for (literal, refusal) in refusals.take(MAX_ERRORS) {
                first_at_fault.get_or_insert(literal);
                check.refuse(refusal);
            }
        });
        checked.map_err(|refusal| {
            let mut error = refusal.into_server_error();
            error.locations = first_at_fault.and_then(|literal| self.start_of(literal)).into_iter().collect();
            error
        })
    }

    /// Refuses the value that a violation is about with the violation's message: one at this position, or a missing one.
    pub(super) fn refuse(&self, at: Pos, message: String) -> Option<Refusal> {
        if let Some(name) = missing_argument(&message) {
            return Some(InputPath::new(name).refuse(message.clone()));
        }
        let literal = self.found.iter().find(|literal| self.start_of(literal) == Some(at))?;
        let path = match missing_field(&message) {
            Some(name) => literal.path.field(name),
            None => literal.path.clone(),
        };
        Some(path.refuse(message))
    }

    fn start_of(&self, literal: &Literal<'_>) -> Option<Pos> {
        let start = literal.value.line_column_range(&self.document.sources)?.start;
        Some(Pos { line: start.line, column: start.column })
    }
}

impl Literal<'_> {
    fn check(&self) -> Vec<Refusal> {
        let refuse = |path: &InputPath, problem: &str| path.refuse(format!("{path}: {problem}."));
        match self.value.as_ref() {
            Value::Null | Value::Variable(_) => Vec::new(),
            Value::List(_) if self.ty.is_list() => Vec::new(),
            value if self.ty.inner_named_type() == clock::TIME_SCALAR => {
                let checked = match value {
                    Value::String(time) => clock::check_time(time),
                    _ => Err(clock::EXPECTED_TIME),
                };
                checked.err().map(|problem| refuse(&self.path, problem)).into_iter().collect()
            }
            Value::Object(fields) => {
                let mut names = HashSet::new();
                let repeated = fields.iter().filter(|(name, _)| !names.insert(name));
                repeated.map(|(name, _)| refuse(&self.path.field(name), "it is given more than once")).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// The field that a violation's message says is missing in an object.
fn missing_field(message: &str) -> Option<&str> {
    let field = message.strip_prefix("Field \"")?;
    let (field, _) = field.split_once("\" of required type \"")?;
    field.rsplit('.').next()
}

/// The argument of a field that a violation's message says is missing.
fn missing_argument(message: &str) -> Option<&str> {
    let (_, argument) = message.strip_prefix("Field \"")?.split_once("\" argument \"")?;
    let (argument, _) = argument.strip_suffix(" is required, but it was not provided.")?.split_once("\" of type \"")?;
    Some(argument)
}
