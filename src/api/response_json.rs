//! Responses in JSON, with parts that responses share.
//!
//! A large text that many responses contain, such as a ballot box file, is a [`Value::Binary`] of JSON. Responses refer
//! to its bytes and don't copy them.

use std::{cell::RefCell, io, rc::Rc};

use async_graphql::{
    ContextSelectionSet, OutputType, Positioned, Response, ServerError, ServerResult, Value, parser::types::Field,
    registry::Registry,
};
use axum::body::Bytes;
use serde::Serialize;
use serde_json::{Serializer, ser::Formatter};

/// A text in JSON that responses share.
#[derive(Clone, Debug)]
pub struct SharedText(Bytes);

impl SharedText {
    /// A text, as the bytes of a JSON string.
    pub const fn from_json(json: Bytes) -> Self {
        Self(json)
    }
}

impl OutputType for SharedText {
    fn type_name() -> std::borrow::Cow<'static, str> {
        <String as OutputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <String as OutputType>::create_type_info(registry)
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        Ok(Value::Binary(self.0.clone()))
    }
}

/// A response in JSON.
pub struct ResponseJson {
    /// The text, in parts.
    pub parts: Vec<Bytes>,
    /// The bytes that it doesn't share with other responses.
    pub owned: usize,
}

impl ResponseJson {
    /// Serializes a response.
    ///
    /// # Errors
    /// If a value has no form in JSON.
    pub fn new(response: &Response) -> serde_json::Result<Self> {
        let mut shared = Vec::new();
        collect_shared(&response.data, &mut shared);
        let parts = Rc::new(RefCell::new(Parts::default()));
        let splicer = Splicer { shared: shared.into_iter(), parts: Rc::clone(&parts) };
        response.serialize(&mut Serializer::with_formatter(PartWriter(Rc::clone(&parts)), splicer))?;
        let mut parts = parts.take();
        parts.close();
        Ok(Self { parts: parts.closed, owned: parts.owned })
    }

    /// Serializes the response to a request that was not executed.
    ///
    /// # Errors
    /// If an extension has no form in JSON.
    pub fn of_errors(errors: &[ServerError]) -> serde_json::Result<Self> {
        let json = serde_json::to_vec(&serde_json::json!({ "errors": errors }))?;
        Ok(Self { owned: json.len(), parts: vec![json.into()] })
    }

    /// The whole text.
    pub fn into_bytes(self) -> Vec<u8> {
        match <[Bytes; 1]>::try_from(self.parts) {
            Ok([part]) => part.into(),
            Err(parts) => parts.concat(),
        }
    }
}

/// Serializes a response into one text.
///
/// # Errors
/// If a value has no form in JSON.
pub fn to_json(response: &Response) -> serde_json::Result<String> {
    let bytes = ResponseJson::new(response)?.into_bytes();
    String::from_utf8(bytes).map_err(serde::ser::Error::custom)
}

/// Collects the shared texts of a value, in the order in which they are serialized.
fn collect_shared(value: &Value, shared: &mut Vec<Bytes>) {
    match value {
        Value::Binary(bytes) => shared.push(bytes.clone()),
        Value::List(items) => items.iter().for_each(|item| collect_shared(item, shared)),
        Value::Object(fields) => fields.values().for_each(|value| collect_shared(value, shared)),
        _ => {}
    }
}

#[derive(Default)]
struct Parts {
    closed: Vec<Bytes>,
    open: Vec<u8>,
    owned: usize,
}

impl Parts {
    fn close(&mut self) {
        if !self.open.is_empty() {
            self.owned += self.open.len();
            self.closed.push(std::mem::take(&mut self.open).into());
        }
    }
}

/// Writes the JSON between the shared texts.
struct PartWriter(Rc<RefCell<Parts>>);

impl io::Write for PartWriter {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().open.extend_from_slice(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Inserts the shared texts, which the serializer takes for arrays of bytes.
struct Splicer {
    shared: std::vec::IntoIter<Bytes>,
    parts: Rc<RefCell<Parts>>,
}

impl Formatter for Splicer {
    fn write_byte_array<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: &[u8]) -> io::Result<()> {
        match self.shared.next().filter(|shared| shared.len() == value.len()) {
            Some(shared) => {
                let mut parts = self.parts.borrow_mut();
                parts.close();
                parts.closed.push(shared);
                Ok(())
            }
            None => writer.write_all(value),
        }
    }
}
