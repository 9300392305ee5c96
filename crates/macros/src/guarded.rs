//! `#[guarded]`: a GraphQL field's permission, declared once.
//!
//! async-graphql enforces a field's `guard` and prints its `directive`, but requires one attribute for each. This
//! attribute makes both from one declaration, so that the schema's directives and the server's checks cannot differ.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, ImplItem, ItemImpl, Meta, Token, parse_quote, punctuated::Punctuated};

/// Declares the guard of each field in the block.
pub fn expand(mut block: ItemImpl) -> syn::Result<TokenStream> {
    for item in &mut block.items {
        if let ImplItem::Fn(field) = item {
            declare(&mut field.attrs)?;
        }
    }
    Ok(block.into_token_stream())
}

/// Replaces the field's guard attribute with async-graphql's `guard` and `directive`.
fn declare(attrs: &mut Vec<Attribute>) -> syn::Result<()> {
    let is_guard =
        |attr: &Attribute| ["authenticated", "requires_permission"].iter().any(|it| attr.path().is_ident(it));
    let Some(index) = attrs.iter().position(is_guard) else { return Ok(()) };
    let (guard, directive) = match attrs.remove(index).meta {
        Meta::Path(path) if path.is_ident("authenticated") => {
            (quote!(AccessGuard::SignedIn), quote!(authenticated::apply()))
        }
        Meta::List(list) if list.path.is_ident("requires_permission") => {
            let permission: syn::Path = list.parse_args()?;
            if permission.segments.iter().any(|segment| segment.ident == "Permission") {
                let message = "expected the constant that the operation checks, such as `voting::MANAGE`";
                return Err(syn::Error::new_spanned(permission, message));
            }
            (quote!(AccessGuard::Permission(#permission)), quote!(requires_permission::apply(#permission)))
        }
        meta => {
            let message =
                "expected `authenticated`, or `requires_permission` with the operation's constant in parentheses";
            return Err(syn::Error::new_spanned(meta, message));
        }
    };
    // async-graphql reads only the first `graphql` attribute, so the field's own arguments are merged with ours.
    let mut arguments: Punctuated<TokenStream, Token![,]> = Punctuated::new();
    if let Some(index) = attrs.iter().position(|attr| attr.path().is_ident("graphql"))
        && let Meta::List(list) = attrs.remove(index).meta
    {
        arguments.push(list.tokens);
    }
    arguments.push(quote!(guard = crate::api::guard::#guard));
    arguments.push(quote!(directive = crate::api::guard::#directive));
    attrs.push(parse_quote!(#[graphql(#arguments)]));
    Ok(())
}
