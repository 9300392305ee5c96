//! The project's macros: `#[guarded]` and `#[row]` for the API's objects, `source_digest!` for the name of a build,
//! `#[on_both]` for the tests.
//!
//! `#[on_both]` is here and not in a crate of its own: macros run in the compiler, so nothing of it reaches a binary, and
//! a second crate would be a second link of the same parser.

mod guarded;
mod on_both;
mod row;
mod source_digest;

use proc_macro::TokenStream;
use syn::parse_macro_input;

/// Put above `#[Object]`, `#[ComplexObject]` or `#[Subscription]`. In the block, a field declares
/// `#[authenticated]` (being signed in is enough) or `#[requires_permission(voting::MANAGE)]`: the constant that the
/// field's operation checks inside its transaction. A permission named directly is refused, since the two could differ.
///
/// A guarded field that returns `Result<T>` is nullable in the schema, so that its refusal does not take other fields
/// along. In a block of mutations, `#[guarded(mutations)]`, all fields are.
#[proc_macro_attribute]
pub fn guarded(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let block = parse_macro_input!(item);
    guarded::expand(&arguments.into(), block).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Put above the block of a row's fields, instead of `#[Object]`: `#[row] impl Member { … }`, or
/// `#[row(name = "CampaignEntry")]` for another name in the schema.
///
/// - A **plain field** is a function: `fn name(&self) -> &str`. It returns a scalar, an enum or a list of these, cannot
///   fail, and may take `request: &RequestContext`. All plain fields of a row are answered in one pass.
/// - A field that **loads** something or can fail is an `async fn`, as in `#[Object]`: it takes `ctx: &Context<'_>` and
///   arguments. So does a field that returns objects. The loading fields of a row run concurrently.
/// - A field with a guard is resolved as one that loads, so that the guard decides first.
/// - A plain field of an interface, such as `Node.id`, is `pub(crate)`.
#[proc_macro_attribute]
pub fn row(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let block = parse_macro_input!(item);
    row::expand(arguments.into(), block).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Runs a test on both databases: `#[on_both] async fn name(app: TestApp) { … }` becomes the tests `name::sqlite` and
/// `name::postgres`.
///
/// The parameter's type makes the app: `on_sqlite().await` returns one, and `on_postgres().await` returns `None` where
/// there is no PostgreSQL, and the test then does nothing.
#[proc_macro_attribute]
pub fn on_both(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let function = parse_macro_input!(item);
    on_both::expand(&arguments.into(), function).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// The digest of the workspace's sources, as a string of 12 hexadecimal digits.
///
/// The compiler expands macros whenever it compiles the crate that calls them, and a change of any of these sources
/// makes it compile the server's library. So the digest is current without a build script.
#[proc_macro]
pub fn source_digest(arguments: TokenStream) -> TokenStream {
    source_digest::expand(&arguments.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}
