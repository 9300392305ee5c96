//! `#[row]`: objects of the schema that are rows, whose plain fields need no future.
//!
//! async-graphql makes a future of each field of each object, also of those that only return a column. A page of fifty
//! members with their characters has a thousand such fields. A row answers them in one pass instead
//! (`src/api/row.rs`). The type in the schema and all other fields are async-graphql's: its `#[Object]` is put on a
//! wrapper, whose methods call those of the row.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{
    Attribute, Error, Expr, ExprLit, FnArg, Ident, ImplItem, ImplItemFn, ItemImpl, Lit, LitStr, Meta, Pat, PatType,
    ReturnType, Token, Type, Visibility, parse::Parser, parse_quote, punctuated::Punctuated,
};

/// Expands the block of a row, with the row's name in the schema as argument unless it is that of the type.
pub fn expand(arguments: TokenStream, mut block: ItemImpl) -> syn::Result<TokenStream> {
    let row = match &*block.self_ty {
        Type::Path(row) => row.path.require_ident()?.clone(),
        other => return Err(Error::new_spanned(other, "expected the name of a type")),
    };
    let name = match Settings::parse.parse2(arguments)?.name {
        Some(name) => name,
        None => LitStr::new(&row.to_string(), row.span()),
    };
    let wrapper = format_ident!("{row}Fields");
    let docs = take_attributes(&mut block.attrs, &["doc"]);
    let (mut plain_fields, mut fields, mut interface_fields) = (Vec::new(), Vec::new(), Vec::new());
    for item in &mut block.items {
        let ImplItem::Fn(field) = item else {
            return Err(Error::new_spanned(item, "the block of a row has only its fields"));
        };
        let attributes = take_attributes(&mut field.attrs, &["doc", "graphql"]);
        let settings = Settings::of(&attributes)?;
        let method = field.sig.ident.clone();
        if matches!(field.vis, Visibility::Restricted(_)) {
            interface_fields.push(interface_field(field));
        }
        if field.sig.asyncness.is_none() && !settings.is_guarded {
            let name = settings.name.unwrap_or_else(|| graphql_name(&method));
            plain_fields.push(plain_field(&row, field, &name));
        }
        fields.push(wrapped_field(&row, field, &method, &attributes)?);
    }
    Ok(quote! {
        #block

        impl #row {
            #(#interface_fields)*
        }

        /// The fields of the row, as async-graphql resolves them.
        struct #wrapper<'a>(&'a #row);

        #(#docs)*
        #[::async_graphql::Object(name = #name)]
        impl #wrapper<'_> {
            #(#fields)*
        }

        impl ::async_graphql::OutputType for #row {
            fn type_name() -> ::std::borrow::Cow<'static, str> {
                ::std::borrow::Cow::Borrowed(#name)
            }

            fn create_type_info(registry: &mut ::async_graphql::registry::Registry) -> String {
                <#wrapper<'static> as ::async_graphql::OutputType>::create_type_info(registry)
            }

            async fn resolve(
                &self,
                ctx: &::async_graphql::ContextSelectionSet<'_>,
                _field: &::async_graphql::Positioned<::async_graphql::parser::types::Field>,
            ) -> ::async_graphql::ServerResult<::async_graphql::Value> {
                crate::api::row::resolve(ctx, self).await
            }
        }

        impl ::async_graphql::ContainerType for #row {
            async fn resolve_field(
                &self,
                ctx: &::async_graphql::Context<'_>,
            ) -> ::async_graphql::ServerResult<::std::option::Option<::async_graphql::Value>> {
                ::async_graphql::ContainerType::resolve_field(&#wrapper(self), ctx).await
            }
        }

        impl ::async_graphql::ObjectType for #row {}

        impl crate::api::row::Row for #row {
            fn plain_field(
                &self,
                ctx: &::async_graphql::ContextSelectionSet<'_>,
                field: &::async_graphql::Positioned<::async_graphql::parser::types::Field>,
            ) -> ::std::option::Option<::async_graphql::Value> {
                match field.node.name.node.as_str() {
                    #(#plain_fields)*
                    _ => ::std::option::Option::None,
                }
            }
        }
    })
}

/// What the attributes of a row or of a field say about it.
#[derive(Default)]
struct Settings {
    /// The name in the schema, if it is not that of the Rust item.
    name: Option<LitStr>,
    /// Whether a guard must allow the field, so that it is not plain.
    is_guarded: bool,
}

impl Settings {
    fn of(attributes: &[Attribute]) -> syn::Result<Self> {
        let graphql = attributes.iter().find(|attribute| attribute.path().is_ident("graphql"));
        graphql.map_or_else(|| Ok(Self::default()), |attribute| attribute.parse_args_with(Self::parse))
    }

    fn parse(input: syn::parse::ParseStream<'_>) -> syn::Result<Self> {
        let mut settings = Self::default();
        for setting in Punctuated::<Meta, Token![,]>::parse_terminated(input)? {
            match &setting {
                Meta::NameValue(it) if it.path.is_ident("guard") => settings.is_guarded = true,
                Meta::NameValue(it) if it.path.is_ident("name") => match &it.value {
                    Expr::Lit(ExprLit { lit: Lit::Str(name), .. }) => settings.name = Some(name.clone()),
                    other => return Err(Error::new_spanned(other, "expected a string")),
                },
                Meta::NameValue(it) if it.path.is_ident("directive") => {}
                other => return Err(Error::new_spanned(other, "a row has no such setting")),
            }
        }
        Ok(settings)
    }
}

/// The method that the interfaces of a row call. The row's own function gets another name.
fn interface_field(field: &mut ImplItemFn) -> TokenStream {
    let (name, output) = (field.sig.ident.clone(), &field.sig.output);
    let ReturnType::Type(_, output) = output else { return TokenStream::new() };
    let plain = format_ident!("plain_{name}");
    let method = quote! {
        pub(crate) async fn #name(&self, _: &::async_graphql::Context<'_>) -> ::async_graphql::Result<#output> {
            Ok(self.#plain())
        }
    };
    field.sig.ident = plain;
    method
}

/// Removes the attributes with these names, and returns them.
fn take_attributes(attributes: &mut Vec<Attribute>, names: &[&str]) -> Vec<Attribute> {
    let is_taken = |attribute: &Attribute| names.iter().any(|name| attribute.path().is_ident(name));
    let (taken, kept) = std::mem::take(attributes).into_iter().partition(is_taken);
    *attributes = kept;
    taken
}

/// The name of a field in the schema: the function's in camel case.
fn graphql_name(function: &Ident) -> LitStr {
    let mut name = String::new();
    for (index, word) in function.to_string().split('_').enumerate() {
        let mut letters = word.chars();
        match letters.next() {
            Some(first) if index > 0 => name.extend(first.to_uppercase()),
            Some(first) => name.push(first),
            None => {}
        }
        name.push_str(letters.as_str());
    }
    LitStr::new(&name, function.span())
}

/// The arm that answers a plain field. It may have the parameter `request: &RequestContext`.
fn plain_field(row: &Ident, field: &ImplItemFn, name: &LitStr) -> TokenStream {
    let function = &field.sig.ident;
    let request = (field.sig.inputs.len() > 1).then(|| quote!(, crate::api::row::request_of(ctx)));
    quote!(#name => crate::api::row::plain_value(&#row::#function(self #request), ctx, field),)
}

/// The field in the block of async-graphql's object.
fn wrapped_field(
    row: &Ident,
    field: &mut ImplItemFn,
    method: &Ident,
    attributes: &[Attribute],
) -> syn::Result<TokenStream> {
    let function = field.sig.ident.clone();
    let output = &field.sig.output;
    let is_async = field.sig.asyncness.is_some();
    let (mut parameters, mut values) = (Vec::<FnArg>::new(), Vec::<Expr>::new());
    for input in field.sig.inputs.iter_mut().skip(1) {
        let FnArg::Typed(parameter) = input else { continue };
        let Pat::Ident(name) = &*parameter.pat else {
            return Err(Error::new_spanned(&parameter.pat, "expected a name"));
        };
        let name = &name.ident;
        if is_async {
            parameters.push(FnArg::Typed(parameter.clone()));
            values.push(parse_quote!(#name));
        } else {
            parameters.push(parse_quote!(ctx: &::async_graphql::Context<'_>));
            values.push(parse_quote!(crate::api::context::RequestContext::of(ctx)));
        }
        remove_graphql(parameter);
    }
    let is_awaited = is_async.then(|| quote!(.await));
    Ok(quote! {
        #(#attributes)*
        async fn #method(&self #(, #parameters)*) #output {
            #row::#function(self.0 #(, #values)*) #is_awaited
        }
    })
}

fn remove_graphql(parameter: &mut PatType) {
    parameter.attrs.retain(|attribute| !attribute.path().is_ident("graphql"));
}
