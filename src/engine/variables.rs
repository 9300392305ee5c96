//! Coerces variables before the operation is executed (§6.1.2 of the GraphQL specification, "Coercing Variable
//! Values").
//!
//! async-graphql coerces them only while it resolves fields, when it is too late to refuse the request.

use std::collections::{HashMap, HashSet};

use async_graphql::{
    Name, Positioned, ServerError, Value, Variables,
    parser::types::{
        BaseType, InputValueDefinition, OperationDefinition, ServiceDocument, Type, TypeKind, TypeSystemDefinition,
    },
};

use crate::kernel::{clock, error::Refusal};

/// The schema's enums and input objects, by name.
pub struct InputTypes {
    types: HashMap<String, InputType>,
}

enum InputType {
    Enum(HashSet<String>),
    Object(HashMap<String, InputField>),
}

struct InputField {
    ty: Type,
    has_default: bool,
}

/// Why a value cannot be coerced.
struct CoercionError {
    /// The path inside the variable, such as `.entries.0.name`.
    path: String,
    message: String,
}

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
    /// `BAD_USER_INPUT`, naming the variable and the path inside it.
    pub fn coerce(&self, operation: &OperationDefinition, mut provided: Variables) -> Result<Variables, ServerError> {
        let mut coerced = Variables::default();
        for Positioned { pos, node: definition } in &operation.variable_definitions {
            let name = &definition.name.node;
            let ty = &definition.var_type.node;
            let value = match provided.remove(name) {
                None if definition.default_value.is_some() => {
                    // The validator has checked the default.
                    coerced.extend(definition.default_value.as_ref().map(|it| (name.clone(), it.node.clone())));
                    continue;
                }
                None if ty.nullable => continue,
                None => Err(CoercionError::new("a value is required".to_owned())),
                Some(value) => self.coerce_value(value, ty),
            };
            match value {
                Ok(value) => {
                    coerced.insert(name.clone(), value);
                }
                Err(invalid) => {
                    let path = format!("{name}{}", invalid.path);
                    // `extensions.field` is the innermost field, as in the refusals of operations.
                    let field = path.rsplit('.').find(|it| it.parse::<usize>().is_err()).unwrap_or(name).to_owned();
                    let refusal = Refusal::input(field, format!("${path}: {}.", invalid.message));
                    let mut error = refusal.into_server_error();
                    error.locations = vec![*pos];
                    return Err(error);
                }
            }
        }
        Ok(coerced)
    }

    fn coerce_value(&self, value: Value, ty: &Type) -> Result<Value, CoercionError> {
        match (&ty.base, value) {
            (_, Value::Null) if ty.nullable => Ok(Value::Null),
            (_, Value::Null) => Err(CoercionError::new("it must not be null".to_owned())),
            (BaseType::List(item), Value::List(items)) => {
                let coerce_item = |(index, value)| {
                    self.coerce_value(value, item).map_err(|invalid| invalid.within(&format!(".{index}")))
                };
                items.into_iter().enumerate().map(coerce_item).collect::<Result<_, _>>().map(Value::List)
            }
            // A single value is coerced to a list of one item (§3.11).
            (BaseType::List(item), value) => Ok(Value::List(vec![self.coerce_value(value, item)?])),
            (BaseType::Named(name), value) => self.coerce_named(value, name),
        }
    }

    fn coerce_named(&self, value: Value, name: &Name) -> Result<Value, CoercionError> {
        match (self.types.get(name.as_str()), value) {
            (Some(InputType::Object(fields)), Value::Object(mut provided)) => {
                let mut object = async_graphql::indexmap::IndexMap::with_capacity(provided.len());
                if let Some(unknown) = provided.keys().find(|key| !fields.contains_key(key.as_str())) {
                    return Err(CoercionError::new(format!("{name} has no field {:?}", unknown.as_str())));
                }
                for (key, field) in fields {
                    let value = match provided.swap_remove_entry(key.as_str()) {
                        Some((key, value)) => (key, self.coerce_value(value, &field.ty)),
                        None if field.has_default || field.ty.nullable => continue,
                        None => (Name::new(key), Err(CoercionError::new("a value is required".to_owned()))),
                    };
                    let (key, value) = value;
                    let value = value.map_err(|invalid| invalid.within(&format!(".{key}")))?;
                    object.insert(key, value);
                }
                Ok(Value::Object(object))
            }
            (Some(InputType::Enum(names)), Value::String(value)) if names.contains(&value) => {
                Ok(Value::Enum(Name::new(value)))
            }
            (Some(InputType::Enum(names)), Value::Enum(value)) if names.contains(value.as_str()) => {
                Ok(Value::Enum(value))
            }
            (Some(_), _) => Err(CoercionError::new(format!("it must be of type {name}"))),
            (None, value) => coerce_scalar(value, name),
        }
    }
}

fn coerce_scalar(value: Value, name: &Name) -> Result<Value, CoercionError> {
    let is_valid = match (name.as_str(), &value) {
        ("Int", Value::Number(number)) => {
            // Accepts 1.0, because some clients write whole numbers so.
            let whole = number.as_i64().or_else(|| whole_number(number.as_f64()?));
            let whole = whole.and_then(|whole| i32::try_from(whole).ok());
            let invalid = || format!("it must be a whole number from {} to {}", i32::MIN, i32::MAX);
            return whole.map(|whole| Value::Number(whole.into())).ok_or_else(|| CoercionError::new(invalid()));
        }
        ("Float", Value::Number(_)) | ("String", Value::String(_)) | ("Boolean", Value::Boolean(_)) => true,
        ("ID", Value::String(_)) => true,
        ("ID", Value::Number(number)) => number.is_i64() || number.is_u64(),
        ("Int" | "Float" | "String" | "Boolean" | "ID", _) => false,
        (clock::TIME_SCALAR, Value::String(time)) => match clock::check_time(time) {
            Ok(()) => true,
            Err(problem) => return Err(CoercionError::new(problem.to_owned())),
        },
        (clock::TIME_SCALAR, _) => return Err(CoercionError::new(clock::EXPECTED_TIME.to_owned())),
        // async-graphql checks custom scalars.
        (_, value) => !matches!(value, Value::List(_) | Value::Object(_)),
    };
    if is_valid { Ok(value) } else { Err(CoercionError::new(format!("it must be of type {name}"))) }
}

#[expect(clippy::cast_possible_truncation, reason = "the number is whole and in the range of an i64")]
fn whole_number(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() <= f64::from(i32::MAX) + 1.0).then_some(number as i64)
}

impl CoercionError {
    const fn new(message: String) -> Self {
        Self { path: String::new(), message }
    }

    /// Prepends a field or an index to the path.
    fn within(self, segment: &str) -> Self {
        Self { path: format!("{segment}{}", self.path), ..self }
    }
}
