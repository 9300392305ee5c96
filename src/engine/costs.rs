//! Estimates the cost of an operation: the fields of its response, and what the database does for it.

use std::collections::{HashMap, HashSet};

use async_graphql::{
    Name, Number, Positioned, ServerError, Value as ConstValue, Variables,
    parser::types::{
        BaseType, ExecutableDocument, Field, FragmentDefinition, OperationDefinition, Selection, SelectionSet,
        ServiceDocument, Type, TypeKind, TypeSystemDefinition,
    },
};
use async_graphql_value::Value;

use super::{limits::limit_exceeded, settings::Limits};
use crate::kernel::page::{DEFAULT_SIZE, MAX_SIZE};

/// Assumed number of items in a list that is not paged.
const LIST_SIZE: u64 = 10;
/// Cost of the `totalCount` of a list of the guild, in fields of a response: the database reads all of the list.
const COUNT_COST: u64 = 2_000;
/// Cost of a search for a text, in fields of a response: the database may compare all rows. The `totalCount` of a search
/// costs as much again.
const SEARCH_COST: u64 = 5_000;

/// Estimates the cost of operations. Each field multiplies the cost of its selection by the size of its list.
pub struct Costs {
    /// By the field's name, the largest of all types.
    multipliers: HashMap<String, u64>,
}

/// The cost of a selection.
#[derive(Clone, Copy, Default)]
struct Cost {
    /// The part that each item of a list has.
    each: u64,
    /// How often the list itself is counted.
    counts: u64,
}

impl Costs {
    /// Reads from the schema which fields are lists or connections.
    pub fn from_schema(schema: &ServiceDocument) -> Self {
        let mut multipliers = HashMap::new();
        for definition in &schema.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let TypeKind::Object(object) = &definition.node.kind else { continue };
            for field in &object.fields {
                let multiplier = multiplier(&field.node.ty.node);
                let known: &mut u64 = multipliers.entry(field.node.name.node.to_string()).or_default();
                *known = multiplier.max(*known);
            }
        }
        Self { multipliers }
    }

    /// Checks the estimated cost.
    ///
    /// # Errors
    /// `QUERY_TOO_COMPLEX`.
    pub fn check(
        &self,
        operation: &Positioned<OperationDefinition>,
        document: &ExecutableDocument,
        variables: &Variables,
        limits: &Limits,
    ) -> Result<(), ServerError> {
        let fragments = &document.fragments;
        let mut estimate =
            Estimate { costs: self, fragments, variables, fragment_costs: HashMap::new(), loads: HashSet::new() };
        let cost = estimate.selections(&operation.node.selection_set.node, true).each;
        if cost <= limits.max_complexity {
            return Ok(());
        }
        Err(limit_exceeded(operation.pos, "is too complex", cost, limits.max_complexity))
    }

    fn multiplier(&self, field: &Field, variables: &Variables) -> u64 {
        let name = field.name.node.as_str();
        // An unknown size counts as the largest page. The field itself refuses a size that is out of range.
        let page_size = |number: &Number| number.as_u64().unwrap_or(1).clamp(1, MAX_SIZE as u64);
        let size = |name: &str| match &field.get_argument(name)?.node {
            Value::Number(number) => Some(page_size(number)),
            Value::List(items) => Some(items.len() as u64),
            Value::Variable(name) => match variables.get(name) {
                Some(ConstValue::Number(number)) => Some(page_size(number)),
                Some(ConstValue::List(items)) => Some(items.len() as u64),
                // Without the variable, the field has no such argument.
                None => None,
                Some(_) => Some(MAX_SIZE as u64),
            },
            _ => Some(MAX_SIZE as u64),
        };
        match size("first").or_else(|| size("last")).or_else(|| size("ids")) {
            Some(size) => size,
            // The connection has already multiplied by the size of its page.
            None if matches!(name, "edges" | "nodes") => 1,
            None => self.multipliers.get(name).copied().unwrap_or(1),
        }
    }
}

fn multiplier(ty: &Type) -> u64 {
    match &ty.base {
        BaseType::List(_) => LIST_SIZE,
        BaseType::Named(name) if name.ends_with("Connection") => DEFAULT_SIZE as u64,
        BaseType::Named(_) => 1,
    }
}

/// Whether a field searches for a text: by its argument `search`, or by that of its `filter`.
fn searches(field: &Field, variables: &Variables) -> bool {
    let is_given = |value: &Value| match value {
        Value::Null => false,
        Value::Variable(name) => variables.get(name).is_some_and(|value| *value != ConstValue::Null),
        _ => true,
    };
    let in_filter = |filter: &Value| match filter {
        Value::Object(fields) => fields.get("search").is_some_and(is_given),
        Value::Variable(name) => match variables.get(name) {
            Some(ConstValue::Object(fields)) => fields.get("search").is_some_and(|value| *value != ConstValue::Null),
            _ => false,
        },
        _ => false,
    };
    field.get_argument("search").is_some_and(|search| is_given(&search.node))
        || field.get_argument("filter").is_some_and(|filter| in_filter(&filter.node))
}

/// The key of what a field loads: its name and these arguments.
fn load(field: &Field, matters: impl Fn(&str) -> bool) -> String {
    let arguments = field.arguments.iter().filter(|(name, _)| matters(&name.node));
    let arguments: Vec<String> = arguments.map(|(name, value)| format!("{}: {}", name.node, value.node)).collect();
    format!("{}({})", field.name.node, arguments.join(", "))
}

/// Estimates the cost of an operation with these variables. [`super::limits::measure`] has checked that no fragment
/// spreads itself.
struct Estimate<'d> {
    costs: &'d Costs,
    fragments: &'d HashMap<Name, Positioned<FragmentDefinition>>,
    variables: &'d Variables,
    fragment_costs: HashMap<&'d str, Cost>,
    /// The searches and counts so far. The same one under another alias is merged, and costs nothing.
    loads: HashSet<String>,
}

impl<'d> Estimate<'d> {
    fn selections(&mut self, set: &'d SelectionSet, is_root: bool) -> Cost {
        let mut total = Cost::default();
        for selection in &set.items {
            let cost = match &selection.node {
                Selection::Field(field) => self.field(&field.node, is_root),
                Selection::InlineFragment(fragment) => self.selections(&fragment.node.selection_set.node, is_root),
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node, is_root),
            };
            // Spreads cost 1 too, because a fragment may contain nothing else.
            total.each = total.each.saturating_add(cost.each).saturating_add(1);
            total.counts = total.counts.saturating_add(cost.counts);
        }
        total
    }

    fn field(&mut self, field: &'d Field, is_root: bool) -> Cost {
        let subfields = self.selections(&field.selection_set.node, false);
        let items = subfields.each.saturating_mul(self.costs.multiplier(field, self.variables));
        let (mut database, searches) = (0, searches(field, self.variables));
        if searches && self.loads.insert(load(field, |_| true)) {
            database += SEARCH_COST;
        }
        // Nested lists are loaded in batches, with their size.
        if is_root && subfields.counts > 0 && self.loads.insert(load(field, |argument| argument == "filter") + "#") {
            database += if searches { SEARCH_COST } else { COUNT_COST };
        }
        Cost { each: items.saturating_add(database), counts: u64::from(field.name.node.as_str() == "totalCount") }
    }

    fn fragment(&mut self, name: &'d str, is_root: bool) -> Cost {
        if let Some(cost) = self.fragment_costs.get(name) {
            return *cost;
        }
        let Some(fragment) = self.fragments.get(name) else { return Cost::default() };
        let cost = self.selections(&fragment.node.selection_set.node, is_root);
        self.fragment_costs.insert(name, cost);
        cost
    }
}
