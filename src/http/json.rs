//! JSON from clients.
//!
//! JSON leaves open which one of two values counts that an object has under the same name (RFC 8259, section 4). A proxy
//! could read another one than the server, and a credential that was sent must not be ignored, so the server refuses
//! such objects.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value as Json, error::Category};

/// A value, and a name that one of its objects has more than once.
struct Parsed {
    value: Json,
    repeated_name: Option<String>,
}

/// An object that a client sent.
#[derive(Default)]
pub(super) struct JsonObject {
    object: Map<String, Json>,
    repeated_name: Option<String>,
}

impl JsonObject {
    /// Returns the object, or `None` if it or an object in it has a name more than once.
    pub(super) fn unambiguous(self) -> Option<Map<String, Json>> {
        self.repeated_name.is_none().then_some(self.object)
    }
}

/// Parses JSON whose objects have each name once.
///
/// # Errors
/// What is wrong with the text, and where.
pub(super) fn parse(text: &[u8]) -> Result<Json, String> {
    let parsed: Parsed = serde_json::from_slice(text).map_err(|error| {
        let problem = match error.classify() {
            Category::Eof => "it ends too early",
            Category::Syntax | Category::Data | Category::Io => "it is malformed, or nests too deep",
        };
        format!("{problem} (line {}, column {})", error.line(), error.column())
    })?;
    match parsed.repeated_name {
        Some(name) => Err(format!("an object has {name:?} more than once")),
        None => Ok(parsed.value),
    }
}

impl<'de> Deserialize<'de> for JsonObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Parsed::deserialize(deserializer)? {
            Parsed { value: Json::Object(object), repeated_name } => Ok(Self { object, repeated_name }),
            _ => Err(de::Error::custom("expected an object")),
        }
    }
}

impl<'de> Deserialize<'de> for Parsed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ParsedVisitor)
    }
}

impl From<Json> for Parsed {
    fn from(value: Json) -> Self {
        Self { value, repeated_name: None }
    }
}

struct ParsedVisitor;

impl<'de> Visitor<'de> for ParsedVisitor {
    type Value = Parsed;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Parsed, E> {
        Ok(Json::Null.into())
    }

    fn visit_bool<E>(self, value: bool) -> Result<Parsed, E> {
        Ok(Json::from(value).into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Parsed, E> {
        Ok(Json::from(value).into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Parsed, E> {
        Ok(Json::from(value).into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Parsed, E> {
        Ok(Json::from(value).into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Parsed, E> {
        Ok(Json::from(value).into())
    }

    fn visit_string<E>(self, value: String) -> Result<Parsed, E> {
        Ok(Json::from(value).into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Parsed, A::Error> {
        let (mut list, mut repeated_name) = (Vec::new(), None);
        while let Some(item) = items.next_element::<Parsed>()? {
            list.push(item.value);
            repeated_name = repeated_name.or(item.repeated_name);
        }
        Ok(Parsed { value: Json::Array(list), repeated_name })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Parsed, A::Error> {
        let (mut object, mut repeated_name) = (Map::new(), None);
        while let Some((name, entry)) = entries.next_entry::<String, Parsed>()? {
            repeated_name = repeated_name.or(entry.repeated_name);
            if object.contains_key(&name) {
                repeated_name.get_or_insert(name);
            } else {
                object.insert(name, entry.value);
            }
        }
        Ok(Parsed { value: Json::Object(object), repeated_name })
    }
}
