//! The schema, for tests that call every field.

use std::collections::HashMap;

use async_graphql::parser::{
    parse_schema,
    types::{BaseType, FieldDefinition, InputValueDefinition, Type, TypeKind, TypeSystemDefinition},
};
use guildhall::api::Graph;

/// The types of the schema by name.
pub struct SchemaTypes(HashMap<String, TypeKind>);

impl SchemaTypes {
    pub fn parse() -> Self {
        let definitions = parse_schema(Graph::new().unwrap().sdl()).unwrap().definitions;
        Self(
            definitions
                .into_iter()
                .filter_map(|definition| match definition {
                    TypeSystemDefinition::Type(ty) => Some((ty.node.name.node.to_string(), ty.node.kind)),
                    _ => None,
                })
                .collect(),
        )
    }

    /// The names of all objects.
    pub fn objects(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|(_, kind)| matches!(kind, TypeKind::Object(_))).map(|(name, _)| name.as_str())
    }

    /// The fields of an object; none for another type.
    pub fn fields(&self, ty: &str) -> Vec<&FieldDefinition> {
        match self.0.get(ty) {
            Some(TypeKind::Object(object)) => object.fields.iter().map(|field| &field.node).collect(),
            _ => Vec::new(),
        }
    }

    /// The fields of an input object; none for another type.
    pub fn input_fields(&self, ty: &str) -> Vec<&InputValueDefinition> {
        match self.0.get(ty) {
            Some(TypeKind::InputObject(input)) => input.fields.iter().map(|field| &field.node).collect(),
            _ => Vec::new(),
        }
    }

    /// A selection of all fields without arguments, with nested objects down to this depth.
    pub fn select_all(&self, ty: &str, depth: usize) -> String {
        let fields = self.fields(ty).into_iter().filter(|field| field.arguments.is_empty());
        let selected: Vec<String> = fields
            .filter_map(|field| match self.0.get(base_type(&field.ty.node)) {
                Some(TypeKind::Object(_)) if depth > 0 => {
                    Some(format!("{} {}", field.name.node, self.select_all(base_type(&field.ty.node), depth - 1)))
                }
                Some(TypeKind::Object(_)) => None,
                Some(TypeKind::Interface(_) | TypeKind::Union(_)) => {
                    Some(format!("{} {{ __typename }}", field.name.node))
                }
                _ => Some(field.name.node.to_string()),
            })
            .collect();
        if selected.is_empty() { "{ __typename }".to_owned() } else { format!("{{ {} }}", selected.join(" ")) }
    }

    /// A field with a valid value for each required argument.
    pub fn call(&self, field: &FieldDefinition) -> String {
        let required = field.arguments.iter().filter(|it| !it.node.ty.node.nullable && it.node.default_value.is_none());
        let arguments: Vec<String> =
            required.map(|it| format!("{}: {}", it.node.name.node, self.value(&it.node.ty.node))).collect();
        let arguments = if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) };
        format!("{}{arguments}", field.name.node)
    }

    /// A valid value of this type.
    fn value(&self, ty: &Type) -> String {
        match &ty.base {
            BaseType::List(_) => "[]".to_owned(),
            BaseType::Named(name) => match self.0.get(name.as_str()) {
                Some(TypeKind::InputObject(input)) => {
                    let required =
                        input.fields.iter().filter(|it| !it.node.ty.node.nullable && it.node.default_value.is_none());
                    let fields: Vec<String> =
                        required.map(|it| format!("{}: {}", it.node.name.node, self.value(&it.node.ty.node))).collect();
                    format!("{{ {} }}", fields.join(", "))
                }
                Some(TypeKind::Enum(values)) => values.values[0].node.value.node.to_string(),
                _ if name == "Int" => "1".to_owned(),
                _ if name == "Boolean" => "true".to_owned(),
                _ => "\"x\"".to_owned(),
            },
        }
    }

    /// The shortest selection that the field's type allows; empty for a scalar.
    pub fn selection(&self, field: &FieldDefinition) -> &str {
        match self.0.get(base_type(&field.ty.node)) {
            Some(TypeKind::Object(_) | TypeKind::Interface(_) | TypeKind::Union(_)) => "{ __typename }",
            _ => "",
        }
    }
}

/// The named type in a list of any depth.
pub fn base_type(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(inner) => base_type(inner),
    }
}
