//! Resolves rows: objects with many plain fields, which are answered without a future for each.
//!
//! `#[row]` of `guildhall_macros` implements [`Row`]. A selection that async-graphql resolves in a way of its own
//! (merged fields, directives, fragments on interfaces) is left to it.

use std::{borrow::Cow, ops::Deref, sync::Arc};

use async_graphql::{
    ContainerType, ContextSelectionSet, OutputType, Positioned, ServerResult, Value,
    indexmap::IndexMap,
    parser::types::{Field, Selection, SelectionSet},
    registry::Registry,
    resolver_utils::resolve_container,
};
use futures_util::{FutureExt, future::join_all};

use super::context::RequestContext;

/// Number of futures that [`join_all`] polls in place. It allocates a task for each of more.
const POLLED_IN_PLACE: usize = 30;

/// An object with plain fields.
pub trait Row: ContainerType {
    /// The value of a plain field; `None` for any other field.
    fn plain_field(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> Option<Value>;
}

/// The request that selects the row.
pub fn request_of<'c>(ctx: &ContextSelectionSet<'c>) -> &'c RequestContext {
    ctx.data_unchecked::<Arc<RequestContext>>()
}

/// The value of a plain field, whose future is ready at once.
pub fn plain_value<T: OutputType>(
    value: &T,
    ctx: &ContextSelectionSet<'_>,
    field: &Positioned<Field>,
) -> Option<Value> {
    value.resolve(ctx, field).now_or_never()?.ok()
}

/// Resolves the selected fields of a row: the plain ones at once, then the others concurrently.
pub async fn resolve<T: Row>(ctx: &ContextSelectionSet<'_>, row: &T) -> ServerResult<Value> {
    let set = &ctx.item.node;
    let (type_name, mut fields) = (T::type_name(), Vec::with_capacity(set.items.len()));
    if collect(ctx, &type_name, set, &mut fields).is_none() {
        return resolve_container(ctx, row).await;
    }
    let (mut values, mut loading) = (IndexMap::with_capacity(fields.len()), Vec::new());
    for field in fields {
        let is_type_name = field.node.name.node == "__typename";
        let value = if is_type_name { Some(Value::from(&*type_name)) } else { row.plain_field(ctx, field) };
        let key = &field.node.response_key().node;
        if value.is_none() {
            loading.push((key, field));
        }
        // Keeps the place of a field that loads.
        values.insert(key.clone(), value.unwrap_or_default());
    }
    // Boxed, because the future of a field contains those of the rows below it.
    let load = |field| async move { row.resolve_field(&ctx.with_field(field)).await }.boxed();
    let loaded = join(loading.iter().map(|(_, field)| load(*field))).await;
    for ((key, _), result) in loading.into_iter().zip(loaded) {
        match result {
            Ok(value) => drop(values.insert(key.clone(), value.unwrap_or_default())),
            Err(error) => {
                values.shift_remove(key);
                ctx.add_error(error);
            }
        }
    }
    Ok(if values.is_empty() { Value::Null } else { Value::Object(values) })
}

/// A list of which most items are ready when they are polled first, in any container of a slice.
pub struct List<L>(pub L);

impl<L, T> OutputType for List<L>
where
    L: Deref<Target = [T]> + Send + Sync,
    T: OutputType,
{
    fn type_name() -> Cow<'static, str> {
        Vec::<T>::type_name()
    }

    fn qualified_type_name() -> String {
        Vec::<T>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Vec::<T>::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        let items = self.0.iter().enumerate().map(|(index, item)| async move {
            let ctx = ctx.with_index(index);
            item.resolve(&ctx, field).await.map_err(|error| ctx.set_error_path(error))
        });
        join(items).await.into_iter().collect::<ServerResult<Vec<Value>>>().map(Value::List)
    }
}

/// Runs futures concurrently, and returns their results in order.
async fn join<F: Future>(mut futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let chunks = std::iter::from_fn(|| {
        let chunk: Vec<F> = futures.by_ref().take(POLLED_IN_PLACE).collect();
        (!chunk.is_empty()).then(|| join_all(chunk))
    });
    let chunks: Vec<_> = chunks.collect();
    join_all(chunks).await.into_iter().flatten().collect()
}

/// Collects the selected fields of an object in their order. Returns `None` for selections that are left to
/// async-graphql.
fn collect<'c>(
    ctx: &ContextSelectionSet<'c>,
    type_name: &str,
    set: &'c SelectionSet,
    fields: &mut Vec<&'c Positioned<Field>>,
) -> Option<()> {
    for selection in &set.items {
        let (condition, directives, set) = match &selection.node {
            Selection::Field(field) => {
                let key = &field.node.response_key().node;
                let is_leaf = |it: &Positioned<Field>| it.node.selection_set.node.items.is_empty();
                match fields.iter().find(|other| other.node.response_key().node == *key) {
                    _ if !field.node.directives.is_empty() => return None,
                    None => fields.push(field),
                    // Validation has found that both are the same field.
                    Some(other) if is_leaf(other) && is_leaf(field) => {}
                    Some(_) => return None,
                }
                continue;
            }
            Selection::FragmentSpread(spread) => {
                let fragment = &ctx.query_env.fragments.get(&spread.node.fragment_name.node)?.node;
                (Some(&fragment.type_condition), &spread.node.directives, &fragment.selection_set)
            }
            Selection::InlineFragment(fragment) => {
                let fragment = &fragment.node;
                (fragment.type_condition.as_ref(), &fragment.directives, &fragment.selection_set)
            }
        };
        let applies = condition.is_none_or(|condition| condition.node.on.node == *type_name);
        if !applies || !directives.is_empty() {
            return None;
        }
        collect(ctx, type_name, &set.node, fields)?;
    }
    Some(())
}
