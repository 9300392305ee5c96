//! Validates documents against the schema: section 5 of the specification.
//!
//! apollo-compiler does it, which has all rules but the uniqueness of an input object's fields (§5.6.3). async-graphql, which
//! executes documents, has some of the rules and checks them for each request.

use std::collections::HashMap;

use apollo_compiler::{ExecutableDocument, Schema, response::GraphQLError, validation::Valid};
use async_graphql::{Pos, ServerError};

use super::settings::MAX_ERRORS;
use crate::kernel::error::{Code, Refusal};

/// What introspection may ask for, and apollo-compiler does not know of yet.
const ONE_OF: &str = "extend type __Type { isOneOf: Boolean }";

/// How alike two names are, of 1, when one may be meant by the other.
const ALIKE: f64 = 0.75;

/// The schema, as documents are held against it.
pub(crate) struct Validator {
    schema: Valid<Schema>,
    /// The fields of each type, where unknown ones are to be answered with what may be meant.
    suggested: Option<HashMap<String, Vec<String>>>,
}

impl Validator {
    /// Reads a schema.
    ///
    /// # Errors
    /// A sentence that says why the text is not one.
    pub(crate) fn from_schema(sdl: &str, suggestions: bool) -> Result<Self, String> {
        let schema = format!("{sdl}\n{ONE_OF}");
        let schema = Schema::parse_and_validate(schema, "schema.graphql").map_err(|error| error.errors.to_string())?;
        let fields = |schema: &Schema| {
            let objects = schema.types.iter().filter_map(|(name, ty)| Some((name.to_string(), ty.as_object()?)));
            objects.map(|(name, object)| (name, object.fields.keys().map(ToString::to_string).collect())).collect()
        };
        Ok(Self { suggested: suggestions.then(|| fields(&schema)), schema })
    }

    /// Checks a document, of which the size has been bounded.
    ///
    /// # Errors
    /// `BAD_USER_INPUT`, for the first things that are wrong with it.
    pub(crate) fn check(&self, text: &str) -> Result<(), Vec<ServerError>> {
        let Err(invalid) = ExecutableDocument::parse_and_validate(&self.schema, text, "document") else {
            return Ok(());
        };
        let error = |found: GraphQLError| {
            // Whether to suggest anything is ours to say.
            let mut message = found.message.split(" Did you mean ").next().unwrap_or_default().to_owned();
            if let Some(meant) = self.meant(&message) {
                message = format!("{message} Did you mean \"{meant}\"?");
            }
            let mut error = Refusal::new(Code::BadUserInput, message).into_server_error();
            let at = found.locations.first();
            error.locations = at.map(|at| Pos { line: at.line, column: at.column }).into_iter().collect();
            error
        };
        Err(invalid.errors.iter().take(MAX_ERRORS).map(|found| error(found.unstable_to_json_compat())).collect())
    }

    /// What may be meant by an unknown field: the message names it and its type.
    fn meant(&self, message: &str) -> Option<&str> {
        let mut named = message.strip_prefix("Cannot query field ")?.split('"').skip(1).step_by(2);
        let (field, ty) = (named.next()?, named.next()?);
        let known = self.suggested.as_ref()?.get(ty)?.iter();
        let likeness = |name: &&String| strsim::jaro_winkler(field, name);
        let likest = known.max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
        (likeness(&likest) >= ALIKE).then_some(likest)
    }
}
