//! The values of an operation's variables, coerced before it is run: section 6.1.2 of the specification, "Coercing
//! Variable Values". The library does so only while it resolves fields, when it is too late to refuse the request.

use std::collections::{HashMap, HashSet};

use async_graphql::{
    Name, Positioned, ServerError, Value, Variables,
    parser::types::{
        BaseType, InputValueDefinition, OperationDefinition, ServiceDocument, Type, TypeKind, TypeSystemDefinition,
    },
};

use crate::kernel::error::Refusal;

/// The schema's types that values can have.
pub struct Inputs {
    types: HashMap<String, Input>,
}

enum Input {
    Enum(HashSet<String>),
    Object(HashMap<String, InputField>),
}

struct InputField {
    ty: Type,
    has_default: bool,
}

/// What is wrong with a value: where in it, and why.
struct Wrong {
    path: String,
    message: String,
}

impl Inputs {
    /// Reads the input types off the schema.
    pub fn from_schema(schema: &ServiceDocument) -> Self {
        let mut types = HashMap::new();
        for definition in &schema.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let input = match &definition.node.kind {
                TypeKind::Enum(of) => Input::Enum(of.values.iter().map(|it| it.node.value.node.to_string()).collect()),
                TypeKind::InputObject(of) => {
                    let field = |it: &InputValueDefinition| {
                        let has_default = it.default_value.is_some();
                        (it.name.node.to_string(), InputField { ty: it.ty.node.clone(), has_default })
                    };
                    Input::Object(of.fields.iter().map(|it| field(&it.node)).collect())
                }
                _ => continue,
            };
            types.insert(definition.node.name.node.to_string(), input);
        }
        Self { types }
    }

    /// The variables that the operation declares, as the schema takes them. What else is given is passed over.
    ///
    /// # Errors
    /// `BAD_USER_INPUT`, naming the variable and the place in it.
    pub fn coerce(&self, operation: &OperationDefinition, mut given: Variables) -> Result<Variables, ServerError> {
        let mut coerced = Variables::default();
        for Positioned { pos, node: definition } in &operation.variable_definitions {
            let name = &definition.name.node;
            let ty = &definition.var_type.node;
            let value = match given.remove(name) {
                None if definition.default_value.is_some() => {
                    // Valid already.
                    coerced.extend(definition.default_value.as_ref().map(|it| (name.clone(), it.node.clone())));
                    continue;
                }
                None if ty.nullable => continue,
                None => Err(Wrong::new("a value is needed".to_owned())),
                Some(value) => self.value(value, ty),
            };
            match value {
                Ok(value) => {
                    coerced.insert(name.clone(), value);
                }
                Err(wrong) => {
                    let place = format!("{name}{}", wrong.path);
                    // Named as refusals of the operations name it: by the innermost field.
                    let field = place.rsplit('.').find(|it| it.parse::<usize>().is_err()).unwrap_or(name).to_owned();
                    let refusal = Refusal::input(field, format!("${place}: {}.", wrong.message));
                    let mut error = refusal.into_server_error();
                    error.locations = vec![*pos];
                    return Err(error);
                }
            }
        }
        Ok(coerced)
    }

    fn value(&self, value: Value, ty: &Type) -> Result<Value, Wrong> {
        match (&ty.base, value) {
            (_, Value::Null) if ty.nullable => Ok(Value::Null),
            (_, Value::Null) => Err(Wrong::new("it may not be null".to_owned())),
            (BaseType::List(item), Value::List(items)) => {
                let item = |(index, value)| self.value(value, item).map_err(|wrong| wrong.within(&format!(".{index}")));
                items.into_iter().enumerate().map(item).collect::<Result<_, _>>().map(Value::List)
            }
            // One stands for a list of one.
            (BaseType::List(item), value) => Ok(Value::List(vec![self.value(value, item)?])),
            (BaseType::Named(name), value) => self.named(value, name),
        }
    }

    fn named(&self, value: Value, name: &Name) -> Result<Value, Wrong> {
        match (self.types.get(name.as_str()), value) {
            (Some(Input::Object(fields)), Value::Object(mut given)) => {
                let mut object = async_graphql::indexmap::IndexMap::with_capacity(given.len());
                if let Some(unknown) = given.keys().find(|key| !fields.contains_key(key.as_str())) {
                    return Err(Wrong::new(format!("{name} has no field {:?}", unknown.as_str())));
                }
                for (key, field) in fields {
                    let value = match given.swap_remove_entry(key.as_str()) {
                        Some((key, value)) => (key, self.value(value, &field.ty)),
                        None if field.has_default || field.ty.nullable => continue,
                        None => (Name::new(key), Err(Wrong::new("a value is needed".to_owned()))),
                    };
                    let (key, value) = value;
                    let value = value.map_err(|wrong| wrong.within(&format!(".{key}")))?;
                    object.insert(key, value);
                }
                Ok(Value::Object(object))
            }
            (Some(Input::Enum(names)), Value::String(value)) if names.contains(&value) => {
                Ok(Value::Enum(Name::new(value)))
            }
            (Some(Input::Enum(names)), Value::Enum(value)) if names.contains(value.as_str()) => Ok(Value::Enum(value)),
            (Some(_), _) => Err(Wrong::new(format!("it must be of type {name}"))),
            (None, value) => scalar(value, name),
        }
    }
}

fn scalar(value: Value, name: &Name) -> Result<Value, Wrong> {
    let fits = match (name.as_str(), &value) {
        ("Int", Value::Number(number)) => {
            // 1.0 is a whole number, however a client's language writes it.
            let whole = number.as_i64().or_else(|| whole(number.as_f64()?));
            let whole = whole.and_then(|whole| i32::try_from(whole).ok());
            return whole
                .map(|whole| Value::Number(whole.into()))
                .ok_or_else(|| Wrong::new(format!("it must be a whole number from {} to {}", i32::MIN, i32::MAX)));
        }
        ("Float", Value::Number(_)) | ("String", Value::String(_)) | ("Boolean", Value::Boolean(_)) => true,
        ("ID", Value::String(_)) => true,
        ("ID", Value::Number(number)) => number.is_i64() || number.is_u64(),
        ("Int" | "Float" | "String" | "Boolean" | "ID", _) => false,
        // The schema's own scalars have their own say.
        (_, value) => !matches!(value, Value::List(_) | Value::Object(_)),
    };
    if fits { Ok(value) } else { Err(Wrong::new(format!("it must be of type {name}"))) }
}

#[expect(clippy::cast_possible_truncation, reason = "whole, and within what an Int may be")]
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() <= f64::from(i32::MAX) + 1.0).then_some(number as i64)
}

impl Wrong {
    const fn new(message: String) -> Self {
        Self { path: String::new(), message }
    }

    fn within(self, place: &str) -> Self {
        Self { path: format!("{place}{}", self.path), ..self }
    }
}
