//! `#[guarded]`: a GraphQL field's permission, declared once.
//!
//! async-graphql enforces a field's `guard` and prints its `directive`, but requires one attribute for each. This
//! attribute makes both from one declaration, so that the schema's directives and the server's checks cannot differ.
//!
//! It also makes the field nullable. The error of a non-null field would replace its parent by `null`, and with it all
//! other fields of the response (GraphQL §6.4.4, "Handling Field Errors").

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{
    Attribute, Error, GenericArgument, ImplItem, ImplItemFn, ItemImpl, Meta, PathArguments, PathSegment, ReturnType,
    Token, Type, parse_quote, punctuated::Punctuated,
};

/// Declares the guard of each field in the block, and makes the fields that can be refused nullable: the guarded ones
/// or, in a block of mutations, all.
pub fn expand(arguments: &TokenStream, mut block: ItemImpl) -> syn::Result<TokenStream> {
    let are_mutations = match arguments.to_string().as_str() {
        "" => false,
        "mutations" => true,
        _ => return Err(Error::new_spanned(arguments, "expected nothing or `mutations`")),
    };
    // A refused subscription has no event that could contain the field's null.
    let is_subscription = block.attrs.iter().any(|attr| attr.path().is_ident("Subscription"));
    for item in &mut block.items {
        if let ImplItem::Fn(field) = item {
            let is_guarded = declare(&mut field.attrs)?;
            if (is_guarded || are_mutations) && !is_subscription {
                make_nullable(field)?;
            }
        }
    }
    Ok(block.into_token_stream())
}

/// Wraps the value of a field that returns `Result<T>` in an `Option`, unless `T` is one.
fn make_nullable(field: &mut ImplItemFn) -> syn::Result<()> {
    let ReturnType::Type(_, returned) = &mut field.sig.output else {
        return Err(Error::new_spanned(&field.sig, "a field returns a value"));
    };
    if is_named(returned, "Option") {
        return Ok(());
    }
    let result = returned.clone();
    let Some(GenericArgument::Type(value)) = last_segment(returned)
        .filter(|segment| segment.ident == "Result")
        .and_then(|segment| match &mut segment.arguments {
            PathArguments::AngleBracketed(arguments) => arguments.args.first_mut(),
            _ => None,
        })
    else {
        return Err(Error::new_spanned(returned, "a field that can be refused returns `Result<…>` or `Option<…>`"));
    };
    if is_named(value, "Option") {
        return Ok(());
    }
    *value = parse_quote!(::std::option::Option<#value>);
    let body = &field.block;
    field.block = parse_quote!({
        let result: #result = async move #body.await;
        result.map(::std::option::Option::Some)
    });
    Ok(())
}

fn is_named(ty: &mut Type, name: &str) -> bool {
    last_segment(ty).is_some_and(|segment| segment.ident == name)
}

fn last_segment(ty: &mut Type) -> Option<&mut PathSegment> {
    match ty {
        Type::Path(path) => path.path.segments.last_mut(),
        _ => None,
    }
}

/// Replaces the field's guard attribute with async-graphql's `guard` and `directive`. Returns whether it had one.
fn declare(attrs: &mut Vec<Attribute>) -> syn::Result<bool> {
    let is_guard =
        |attr: &Attribute| ["authenticated", "requires_permission"].iter().any(|it| attr.path().is_ident(it));
    let Some(index) = attrs.iter().position(is_guard) else { return Ok(false) };
    let (guard, directive) = match attrs.remove(index).meta {
        Meta::Path(path) if path.is_ident("authenticated") => {
            (quote!(AccessGuard::SignedIn), quote!(authenticated::apply()))
        }
        Meta::List(list) if list.path.is_ident("requires_permission") => {
            let permission: syn::Path = list.parse_args()?;
            if permission.segments.iter().any(|segment| segment.ident == "Permission") {
                let message = "expected the constant that the operation checks, such as `voting::MANAGE`";
                return Err(Error::new_spanned(permission, message));
            }
            (quote!(AccessGuard::Permission(#permission)), quote!(requires_permission::apply(#permission)))
        }
        meta => {
            let message =
                "expected `authenticated`, or `requires_permission` with the operation's constant in parentheses";
            return Err(Error::new_spanned(meta, message));
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
    Ok(true)
}
