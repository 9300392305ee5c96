//! Validates documents against the schema (§5 of the GraphQL specification).
//!
//! apollo-compiler has all rules except the uniqueness of input object fields (§5.6.3), which [`Literals`] checks.
//! async-graphql, which executes the documents, checks only some of the rules, and for each request.

use std::collections::HashMap;

use apollo_compiler::{ExecutableDocument, Schema, response::GraphQLError, validation::Valid};
use async_graphql::{Pos, ServerError};

use super::{literals::Literals, settings::MAX_ERRORS};
use crate::kernel::error::{Code, Refusal};

/// An introspection field that apollo-compiler doesn't know yet.
const ONE_OF: &str = "extend type __Type { isOneOf: Boolean }";

/// Minimum Jaro–Winkler similarity, from 0 to 1, of an unknown field's name and a suggested one.
const MIN_SIMILARITY: f64 = 0.75;

/// Validates documents against a schema.
pub(crate) struct Validator {
    schema: Valid<Schema>,
    /// The fields of each type, if errors about unknown fields suggest known ones.
    suggestions: Option<HashMap<String, Vec<String>>>,
}

impl Validator {
    /// Reads a schema in SDL.
    ///
    /// # Errors
    /// A message if the SDL is not valid.
    pub(crate) fn from_schema(sdl: &str, suggestions: bool) -> Result<Self, String> {
        let schema = format!("{sdl}\n{ONE_OF}");
        let schema = Schema::parse_and_validate(schema, "schema.graphql").map_err(|error| error.errors.to_string())?;
        let fields = |schema: &Schema| {
            let objects = schema.types.iter().filter_map(|(name, ty)| Some((name.to_string(), ty.as_object()?)));
            objects.map(|(name, object)| (name, object.fields.keys().map(ToString::to_string).collect())).collect()
        };
        Ok(Self { suggestions: suggestions.then(|| fields(&schema)), schema })
    }

    /// Checks a document whose size has been checked.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` for the first [`MAX_ERRORS`] violations.
    pub(crate) fn check(&self, text: &str) -> Result<(), Vec<ServerError>> {
        let invalid = match ExecutableDocument::parse_and_validate(&self.schema, text, "document") {
            Ok(document) => {
                return Literals::in_document(&document, &self.schema).check().map_err(|error| vec![error]);
            }
            Err(invalid) => invalid,
        };
        let literals = Literals::in_document(&invalid.partial, &self.schema);
        let error = |violation: GraphQLError| {
            // Removes apollo-compiler's suggestion, because the server's settings may forbid suggestions.
            let mut message = violation.message.split(" Did you mean ").next().unwrap_or_default().to_owned();
            if let Some(suggestion) = self.suggestion(&message) {
                message = format!("{message} Did you mean \"{suggestion}\"?");
            }
            let location = violation.locations.first().map(|it| Pos { line: it.line, column: it.column });
            let refusal = location.and_then(|at| literals.refuse(at, message.clone()));
            let mut error = refusal.unwrap_or_else(|| Refusal::new(Code::BadUserInput, message)).into_server_error();
            error.locations = location.into_iter().collect();
            error
        };
        Err(invalid.errors.iter().take(MAX_ERRORS).map(|it| error(it.unstable_to_json_compat())).collect())
    }

    /// Returns the known field that is most similar to the unknown one in a message.
    fn suggestion(&self, message: &str) -> Option<&str> {
        // The message quotes the names of the field and of its type.
        let mut quoted = message.strip_prefix("Cannot query field ")?.split('"').skip(1).step_by(2);
        let (field, ty) = (quoted.next()?, quoted.next()?);
        let known = self.suggestions.as_ref()?.get(ty)?.iter();
        let similarity = |name: &&String| strsim::jaro_winkler(field, name);
        let best = known.max_by(|a, b| similarity(a).total_cmp(&similarity(b)))?;
        (similarity(&best) >= MIN_SIMILARITY).then_some(best)
    }
}
