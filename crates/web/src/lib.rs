//! The web app and the GraphiQL console: every file that the build of `web/` writes, embedded.
//!
//! Only the program depends on this crate, so a change of a page compiles no server code again. `build.rs` runs the
//! build. If it cannot, the two pages say what is missing.

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// The paths of the app's pages, a list in JSON.
pub const ROUTES: &str = include_str!("../../../web/routes.json");

/// The app's GraphQL documents by id, an object in JSON.
pub const DOCUMENTS: &str = include_str!("../../../web/src/gql/persisted-documents.json");
