//! GraphQL independent of the features: documents, limits, validation, variables, completion of responses.

pub(crate) mod completion;
mod costs;
pub(crate) mod document;
mod input_path;
pub(crate) mod limits;
mod literals;
pub(crate) mod normalize;
mod origin;
mod settings;
mod validate;
mod variables;

pub(crate) use self::variables::memory_of;
pub use self::{
    document::{DocumentRef, Documents},
    origin::{Origin, Presence},
    settings::{Limits, MAX_ERRORS},
};
