//! What remains of a message without the parts that Discord refuses, without I/O.

use serde_json::{Map, Value};

/// Longest plain text, in characters. Discord allows 2,000.
const MAX_PLAIN: usize = 1_000;

/// The paths of the refused parts in
/// [the errors of a response](https://docs.discord.com/developers/reference#error-messages), such as
/// `{"embeds":{"0":{"url":{"_errors":[…]}}}}`.
pub fn refused_paths(errors: &Value) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut waiting = vec![(Vec::new(), errors)];
    while let Some((path, node)) = waiting.pop() {
        let Value::Object(node) = node else { continue };
        if node.contains_key("_errors") {
            found.push(path.clone());
        }
        for (key, value) in node.iter().filter(|(key, _)| *key != "_errors") {
            let mut path = path.clone();
            path.push(key.clone());
            waiting.push((path, value));
        }
    }
    found.sort();
    found
}

/// The message without its refused parts; `None` if no part can be left out, or nothing would be left to show.
pub fn without(message: &Map<String, Value>, refused: &[Vec<String>]) -> Option<Map<String, Value>> {
    let mut reduced = message.clone();
    for path in refused {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match *path.as_slice() {
            ["content", ..] => {
                reduced.remove("content");
            }
            ["embeds", embed, "fields", field, ..] => {
                clear(reduced.get_mut("embeds").and_then(|it| item(it, embed)?.get_mut("fields")), field);
            }
            ["embeds", embed, part, ..] => {
                if let Some(Value::Object(embed)) = reduced.get_mut("embeds").and_then(|it| item(it, embed)) {
                    embed.remove(part);
                }
            }
            ["components", row, "components", part, ..] => {
                clear(reduced.get_mut("components").and_then(|it| item(it, row)?.get_mut("components")), part);
            }
            [list @ ("embeds" | "components"), part] => clear(reduced.get_mut(list), part),
            [list @ ("embeds" | "components")] => {
                reduced.remove(list);
            }
            _ => {}
        }
    }
    // The refused items were replaced by null, so that the other paths stayed valid.
    for (list, inner) in [("embeds", "fields"), ("components", "components")] {
        let Some(items) = reduced.get_mut(list).and_then(Value::as_array_mut) else { continue };
        for inner in items.iter_mut().filter_map(|item| item.get_mut(inner)?.as_array_mut()) {
            inner.retain(|item| !item.is_null());
        }
        items.retain(|item| if list == "embeds" { shows_something(item) } else { !is_empty(item.get(inner)) });
    }
    (reduced != *message && !(is_empty(reduced.get("content")) && is_empty(reduced.get("embeds")))).then_some(reduced)
}

/// The message as a plain text of letters, digits and simple punctuation.
pub fn plain(message: &Map<String, Value>) -> Option<Map<String, Value>> {
    let embed = message.get("embeds").and_then(|embeds| embeds.get(0));
    let of_embed = |part: &str| embed.and_then(|embed| embed.get(part)).and_then(Value::as_str);
    let texts = [message.get("content").and_then(Value::as_str), of_embed("title"), of_embed("description")];
    let is_plain = |c: &char| c.is_alphanumeric() || " .,:;!?-_'()/%".contains(*c);
    // A line break separates a code from the words around it.
    let space = |c: char| if c.is_whitespace() { ' ' } else { c };
    // Without times and mentions, such as `<t:1772568000:R>`.
    let words = |text: &str| {
        let mut parts = text.split('<');
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| text + part.split_once('>').map_or(part, |(_, rest)| rest))
    };
    let text: Vec<String> =
        texts.into_iter().flatten().map(|text| words(text).chars().map(space).filter(is_plain).collect()).collect();
    let text: String = text.join("\n").trim().chars().take(MAX_PLAIN).collect();
    let mentions = message.get("allowed_mentions").cloned();
    let mut reduced = Map::from_iter([("content".to_owned(), Value::String(text.clone()))]);
    let kept =
        ["nonce", "enforce_nonce"].into_iter().filter_map(|key| Some((key.to_owned(), message.get(key)?.clone())));
    reduced.extend(kept);
    reduced.extend(mentions.map(|mentions| ("allowed_mentions".to_owned(), mentions)));
    // An edit removes only the parts that it names.
    reduced.insert("embeds".to_owned(), Value::Array(Vec::new()));
    reduced.insert("components".to_owned(), Value::Array(Vec::new()));
    (!text.is_empty()).then_some(reduced)
}

fn item<'v>(list: &'v mut Value, index: &str) -> Option<&'v mut Value> {
    list.get_mut(index.parse::<usize>().ok()?)
}

fn clear(list: Option<&mut Value>, index: &str) {
    if let Some(found) = list.and_then(|list| item(list, index)) {
        *found = Value::Null;
    }
}

/// Whether an embed has a text.
fn shows_something(embed: &Value) -> bool {
    ["title", "description", "fields"].iter().any(|part| !is_empty(embed.get(part)))
}

fn is_empty(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        Some(_) => false,
    }
}
