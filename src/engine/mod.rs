//! GraphQL without features: documents, limits, validation, completion of responses.

pub(crate) mod completion;
pub(crate) mod document;
pub(crate) mod limits;
pub(crate) mod normalize;
mod origin;
mod settings;
mod validate;
mod variables;

pub use self::{origin::Origin, settings::Limits};

/// Most errors in a response: a document can be wrong in more ways than anyone wants to read.
pub const MAX_ERRORS: usize = 20;
