//! Coerces variables before the operation is executed (§6.1.2 of the GraphQL specification, "Coercing Variable
//! Values").
//!
//! async-graphql coerces them only while it resolves fields, when it is too late to refuse the request.

use std::collections::{HashMap, HashSet};

use async_graphql::{
    Name, Positioned, ServerError, Value, Variables,
    indexmap::IndexMap,
    parser::types::{
        BaseType, InputValueDefinition, OperationDefinition, ServiceDocument, Type, TypeKind, TypeSystemDefinition,
    },
};

use super::{input_path::InputPath, settings::MAX_ERRORS};
use crate::kernel::{clock, error::Refusal, input::InputCheck};

/// The schema's enums and input objects, by name.
pub struct InputTypes {
    types: HashMap<String, InputType>,
}

enum InputType {
    Enum(HashSet<String>),
    Object(IndexMap<String, InputField>),
}

struct InputField {
    ty: Type,
    has_default: bool,
}

/// What is wrong with a required value that was not sent.
const MISSING: &str = "a value is required";

/// Estimates the memory of variables, in bytes.
pub(crate) fn memory_of(variables: &Variables) -> usize {
    /// Size of a value without its content.
    const VALUE: usize = 80;

    fn memory(value: &Value) -> usize {
        VALUE
            + match value {
                Value::String(text) => text.len(),
                Value::List(items) => items.iter().map(memory).sum(),
                Value::Object(fields) => fields.iter().map(|(name, value)| VALUE + name.len() + memory(value)).sum(),
                _ => 0,
            }
    }

    variables.iter().map(|(name, value)| VALUE + name.len() + memory(value)).sum()
}

impl InputTypes {
    /// Reads the input types from the schema.
    pub fn from_schema(schema: &ServiceDocument) -> Self {
        let mut types = HashMap::new();
        for definition in &schema.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let input = match &definition.node.kind {
                TypeKind::Enum(ty) => {
                    InputType::Enum(ty.values.iter().map(|it| it.node.value.node.to_string()).collect())
                }
                TypeKind::InputObject(ty) => {
                    let field = |it: &InputValueDefinition| {
                        let has_default = it.default_value.is_some();
                        (it.name.node.to_string(), InputField { ty: it.ty.node.clone(), has_default })
                    };
                    InputType::Object(ty.fields.iter().map(|it| field(&it.node)).collect())
                }
                _ => continue,
            };
            types.insert(definition.node.name.node.to_string(), input);
        }
        Self { types }
    }

    /// Returns the coerced values of the variables that the operation declares. Other variables are ignored.
    ///
    /// # Errors
    /// `BAD_USER_INPUT`, naming all fields at fault.
    pub fn coerce(
        &self,
        operation: &OperationDefinition,
        mut provided: Variables,
    ) -> Result<Variables, Vec<ServerError>> {
        let mut coerced = Variables::default();
        let (mut first_at_fault, mut invalid) = (None, Vec::new());
        for Positioned { pos, node: definition } in &operation.variable_definitions {
            let name = &definition.name.node;
            let ty = &definition.var_type.node;
            let path = InputPath::new(name.as_str());
            let value = match provided.remove(name) {
                None if definition.default_value.is_some() => {
                    // The validator has checked the default.
                    coerced.extend(definition.default_value.as_ref().map(|it| (name.clone(), it.node.clone())));
                    continue;
                }
                None if ty.nullable => continue,
                None => Err(vec![invalid_at(&path, MISSING)]),
                Some(value) => self.coerce_value(value, ty, &path),
            };
            match value {
                Ok(value) => {
                    coerced.insert(name.clone(), value);
                }
                Err(refusals) => {
                    first_at_fault.get_or_insert(*pos);
                    invalid.extend(refusals);
                }
            }
        }
        let checked = InputCheck::run(|check| invalid.into_iter().take(MAX_ERRORS).for_each(|it| check.refuse(it)));
        checked.map(|()| coerced).map_err(|refusal| {
            let mut error = refusal.into_server_error();
            error.locations = first_at_fault.into_iter().collect();
            vec![error]
        })
    }

    fn coerce_value(&self, value: Value, ty: &Type, path: &InputPath) -> Result<Value, Vec<Refusal>> {
        match (&ty.base, value) {
            (_, Value::Null) if ty.nullable => Ok(Value::Null),
            (_, Value::Null) => Err(vec![invalid_at(path, "it must not be null")]),
            (BaseType::List(item), Value::List(items)) => {
                let (mut coerced, mut invalid) = (Vec::with_capacity(items.len()), Vec::new());
                for (index, value) in items.into_iter().enumerate() {
                    match self.coerce_value(value, item, &path.item(index)) {
                        Ok(value) => coerced.push(value),
                        Err(refusals) => invalid.extend(refusals),
                    }
                    if invalid.len() >= MAX_ERRORS {
                        break;
                    }
                }
                if invalid.is_empty() { Ok(Value::List(coerced)) } else { Err(invalid) }
            }
            // A single value is coerced to a list of one item (§3.11).
            (BaseType::List(item), value) => Ok(Value::List(vec![self.coerce_value(value, item, path)?])),
            (BaseType::Named(name), value) => self.coerce_named(value, name, path),
        }
    }

    fn coerce_named(&self, value: Value, name: &Name, path: &InputPath) -> Result<Value, Vec<Refusal>> {
        match (self.types.get(name.as_str()), value) {
            (Some(InputType::Object(fields)), Value::Object(mut provided)) => {
                let mut object = IndexMap::with_capacity(provided.len());
                let mut invalid = Vec::new();
                if let Some(unknown) = provided.keys().find(|key| !fields.contains_key(key.as_str())) {
                    invalid.push(invalid_at(path, &format!("{name} has no field {:?}", unknown.as_str())));
                }
                for (key, field) in fields {
                    let path = path.field(key);
                    let value = match provided.swap_remove(key.as_str()) {
                        Some(value) => self.coerce_value(value, &field.ty, &path),
                        None if field.has_default || field.ty.nullable => continue,
                        None => Err(vec![invalid_at(&path, MISSING)]),
                    };
                    match value {
                        Ok(value) => {
                            object.insert(Name::new(key), value);
                        }
                        Err(refusals) => invalid.extend(refusals),
                    }
                }
                if invalid.is_empty() { Ok(Value::Object(object)) } else { Err(invalid) }
            }
            (Some(InputType::Enum(names)), Value::String(value)) if names.contains(&value) => {
                Ok(Value::Enum(Name::new(value)))
            }
            (Some(InputType::Enum(names)), Value::Enum(value)) if names.contains(value.as_str()) => {
                Ok(Value::Enum(value))
            }
            (Some(_), _) => Err(vec![invalid_at(path, &format!("it must be of type {name}"))]),
            (None, value) => coerce_scalar(value, name).map_err(|problem| vec![invalid_at(path, &problem)]),
        }
    }
}

fn invalid_at(path: &InputPath, problem: &str) -> Refusal {
    path.refuse(format!("${path}: {problem}."))
}

/// Coerces a value to a scalar, or says what is wrong with it.
fn coerce_scalar(value: Value, name: &Name) -> Result<Value, String> {
    let is_valid = match (name.as_str(), &value) {
        ("Int", Value::Number(number)) => {
            // Accepts 1.0, because some clients write whole numbers so.
            let whole = number.as_i64().or_else(|| whole_number(number.as_f64()?));
            let whole = whole.and_then(|whole| i32::try_from(whole).ok());
            let invalid = || format!("it must be a whole number from {} to {}", i32::MIN, i32::MAX);
            return whole.map(|whole| Value::Number(whole.into())).ok_or_else(invalid);
        }
        ("Float", Value::Number(_)) | ("String", Value::String(_)) | ("Boolean", Value::Boolean(_)) => true,
        ("ID", Value::String(_)) => true,
        ("ID", Value::Number(number)) => number.is_i64() || number.is_u64(),
        ("Int" | "Float" | "String" | "Boolean" | "ID", _) => false,
        (clock::TIME_SCALAR, Value::String(time)) => match clock::check_time(time) {
            Ok(()) => true,
            Err(problem) => return Err(problem.to_owned()),
        },
        (clock::TIME_SCALAR, _) => return Err(clock::EXPECTED_TIME.to_owned()),
        // async-graphql checks custom scalars.
        (_, value) => !matches!(value, Value::List(_) | Value::Object(_)),
    };
    if is_valid { Ok(value) } else { Err(format!("it must be of type {name}")) }
}

#[expect(clippy::cast_possible_truncation, reason = "the number is whole and in the range of an i64")]
fn whole_number(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() <= f64::from(i32::MAX) + 1.0).then_some(number as i64)
}
