//! Reading GraphQL responses.

use serde_json::Value;

/// The first error of a response as `CODE`, `CODE REASON` or `CODE REASON field`, whichever it has.
pub fn refusal_in(response: &Value) -> String {
    let error = &response["errors"][0];
    assert!(error.is_object(), "the operation was not refused: {response}");
    let extensions = &error["extensions"];
    ["code", "reason", "field"].iter().filter_map(|it| extensions[it].as_str()).collect::<Vec<_>>().join(" ")
}

/// The string at a JSON pointer in each item of a list, or `null` where there is none.
pub fn strings(list: &Value, pointer: &str) -> Vec<String> {
    let string = |item: &Value| item.pointer(pointer).and_then(Value::as_str).unwrap_or("null").to_owned();
    list.as_array().unwrap_or_else(|| panic!("not a list: {list}")).iter().map(string).collect()
}
