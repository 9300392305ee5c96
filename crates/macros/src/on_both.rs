//! `#[on_both]`: one test function becomes a test on SQLite and a test on PostgreSQL.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Attribute, Error, FnArg, ItemFn, ReturnType, Signature, Type};

const USAGE: &str = "expected `async fn name(app: TestApp) { … }`";

/// A module of the function's name with the function as `test`, and with the tests `sqlite` and `postgres`, which call
/// it.
pub fn expand(arguments: &TokenStream, mut function: ItemFn) -> syn::Result<TokenStream> {
    if !arguments.is_empty() {
        return Err(Error::new_spanned(arguments, "`#[on_both]` takes no arguments"));
    }
    let app = app_type(&function.sig)?.clone();
    let name = std::mem::replace(&mut function.sig.ident, format_ident!("test"));
    // Documentation and conditions belong to the whole; the harness reads its own attributes on each test.
    let (module_attributes, others) = split(function.attrs, &["doc", "cfg"]);
    let (test_attributes, function_attributes) = split(others, &["ignore", "should_panic"]);
    function.attrs = function_attributes;
    Ok(quote! {
        #(#module_attributes)*
        mod #name {
            use super::*;

            #function

            #(#test_attributes)*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                test(<#app>::on_sqlite().await).await;
            }

            #(#test_attributes)*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(app) = <#app>::on_postgres().await {
                    test(app).await;
                }
            }
        }
    })
}

/// The type of the only parameter, where the rest of the signature is a test's, too.
fn app_type(signature: &Signature) -> syn::Result<&Type> {
    let error = |message: &str| Err(Error::new_spanned(signature, format!("{message}: {USAGE}")));
    if signature.asyncness.is_none() {
        return error("a test on both databases is async");
    }
    if signature.constness.is_some() || signature.unsafety.is_some() || signature.abi.is_some() {
        return error("a test on both databases is neither const nor unsafe nor extern");
    }
    if !signature.generics.params.is_empty() || signature.generics.where_clause.is_some() {
        return error("a test on both databases is not generic");
    }
    if !matches!(signature.output, ReturnType::Default) {
        return error("a test on both databases fails by panicking and returns nothing");
    }
    let mut parameters = signature.inputs.iter();
    match (parameters.next(), parameters.next()) {
        (Some(FnArg::Typed(app)), None) => Ok(&app.ty),
        _ => error("a test on both databases has one parameter, the app under test"),
    }
}

/// The attributes that have one of these names, and the others.
fn split(attributes: Vec<Attribute>, names: &[&str]) -> (Vec<Attribute>, Vec<Attribute>) {
    attributes.into_iter().partition(|attribute| names.iter().any(|name| attribute.path().is_ident(name)))
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    fn error(function: ItemFn) -> String {
        expand(&TokenStream::new(), function).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn each_attribute_goes_where_it_belongs() -> syn::Result<()> {
        let function: ItemFn = parse_quote! {
            /// Documented.
            #[cfg(unix)]
            #[should_panic(expected = "it")]
            #[expect(clippy::panic)]
            async fn name(app: TestApp) { panic!("it") }
        };
        let expected: syn::ItemMod = parse_quote! {
            /// Documented.
            #[cfg(unix)]
            mod name {
                use super::*;

                #[expect(clippy::panic)]
                async fn test(app: TestApp) { panic!("it") }

                #[should_panic(expected = "it")]
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn sqlite() {
                    test(<TestApp>::on_sqlite().await).await;
                }

                #[should_panic(expected = "it")]
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn postgres() {
                    if let Some(app) = <TestApp>::on_postgres().await {
                        test(app).await;
                    }
                }
            }
        };
        let expanded = expand(&TokenStream::new(), function)?;
        assert_eq!(expanded.to_string(), quote!(#expected).to_string());
        Ok(())
    }

    #[test]
    fn other_signatures_are_compile_errors_that_name_the_expected_one() {
        assert!(error(parse_quote! { async fn name(app: TestApp) {} }).is_empty());
        for (function, message) in [
            (parse_quote! { fn name(app: TestApp) {} }, "is async"),
            (parse_quote! { async unsafe fn name(app: TestApp) {} }, "unsafe"),
            (parse_quote! { async fn name<T>(app: T) {} }, "not generic"),
            (parse_quote! { async fn name(app: TestApp) -> Result<(), Error> {} }, "returns nothing"),
            (parse_quote! { async fn name() {} }, "one parameter"),
            (parse_quote! { async fn name(self) {} }, "one parameter"),
            (parse_quote! { async fn name(app: TestApp, other: TestApp) {} }, "one parameter"),
        ] {
            let error = error(function);
            assert!(error.contains(message) && error.ends_with(USAGE), "{error}");
        }
    }
}
