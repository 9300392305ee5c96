//! Checks the times that are written into a document.
//!
//! apollo-compiler doesn't know the forms of custom scalars. async-graphql checks them while it resolves fields, and its
//! error doesn't name the field.

use apollo_compiler::{
    ExecutableDocument, Node, Schema,
    ast::{Type, Value},
};
use async_graphql::{Pos, ServerError};

use crate::kernel::{clock, error::Refusal};

/// Checks the arguments of all fields and the defaults of all variables in a valid document.
///
/// # Errors
/// `BAD_USER_INPUT` for the first value that is not a time, naming its field.
pub(super) fn check_times(document: &ExecutableDocument, schema: &Schema) -> Result<(), ServerError> {
    let check = |field: &str, value: &Node<Value>, ty: &Type| check_value(field, value, ty, (document, schema));
    for operation in document.operations.iter() {
        for variable in &operation.variables {
            if let Some(default) = &variable.default_value {
                check(&variable.name, default, &variable.ty)?;
            }
        }
        for field in operation.all_fields(document) {
            for argument in &field.arguments {
                if let Some(definition) = field.definition.argument_by_name(&argument.name) {
                    check(&argument.name, &argument.value, &definition.ty)?;
                }
            }
        }
    }
    Ok(())
}

fn check_value(
    field: &str,
    value: &Node<Value>,
    ty: &Type,
    context: (&ExecutableDocument, &Schema),
) -> Result<(), ServerError> {
    let (document, schema) = context;
    match value.as_ref() {
        Value::Null | Value::Variable(_) => Ok(()),
        Value::List(items) if ty.is_list() => {
            items.iter().try_for_each(|item| check_value(field, item, ty.item_type(), context))
        }
        value_of if ty.inner_named_type() == clock::TIME_SCALAR => {
            let checked = match value_of {
                Value::String(time) => clock::check_time(time),
                _ => Err(clock::EXPECTED_TIME),
            };
            checked.map_err(|problem| invalid(field, problem, value, document))
        }
        Value::Object(fields) => {
            let Some(input) = schema.get_input_object(ty.inner_named_type()) else { return Ok(()) };
            fields.iter().try_for_each(|(name, value)| match input.fields.get(name) {
                Some(definition) => check_value(name, value, &definition.ty, context),
                None => Ok(()),
            })
        }
        _ => Ok(()),
    }
}

fn invalid(field: &str, problem: &str, value: &Node<Value>, document: &ExecutableDocument) -> ServerError {
    let mut error = Refusal::input(field.to_owned(), format!("{field}: {problem}.")).into_server_error();
    let start = value.line_column_range(&document.sources).map(|range| range.start);
    error.locations = start.map(|it| Pos { line: it.line, column: it.column }).into_iter().collect();
    error
}
