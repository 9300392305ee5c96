//! What remains of a message without the parts that Discord refuses.

use guildhall::discord::refused_parts::{plain, refused_paths, without};
use serde_json::{Map, Value, json};

fn message() -> Map<String, Value> {
    let message = json!({
        "nonce": "1", "allowed_mentions": { "parse": [] },
        "embeds": [{
            "title": "**Next** raid", "description": "Vote until <t:1772568000:R>!", "url": "https://guild/votes",
            "thumbnail": { "url": "https://img/a.png" }, "footer": { "text": "Dusk" },
            "fields": [{ "name": "a", "value": "1" }, { "name": "b", "value": "2" }, { "name": "c", "value": "3" }],
        }],
        "components": [{ "type": 1, "components": [{ "type": 2, "label": "Vote", "custom_id": "v" }] }],
    });
    serde_json::from_value(message).unwrap()
}

/// Discord's errors of these parts.
fn errors(parts: &[&str]) -> Value {
    let mut errors = json!({});
    for part in parts {
        let mut node = &mut errors;
        for key in part.split('.') {
            node = &mut node[key];
        }
        node["_errors"] = json!([{ "code": "URL_TYPE_INVALID_URL", "message": "Not a well formed URL." }]);
    }
    errors
}

fn reduced(parts: &[&str]) -> Option<Value> {
    without(&message(), &refused_paths(&errors(parts))).map(Value::Object)
}

#[test]
fn refused_parts_are_left_out_and_the_rest_stays() {
    let mut expected = Value::Object(message());
    for (part, pointer, key) in [
        ("embeds.0.url", "/embeds/0", "url"),
        ("embeds.0.thumbnail.url", "/embeds/0", "thumbnail"),
        ("embeds.0.title", "/embeds/0", "title"),
        ("embeds.0.footer.text", "/embeds/0", "footer"),
        ("components.0.components.0.custom_id", "", "components"),
    ] {
        let mut one = Value::Object(message());
        one.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(key);
        if key == "components" {
            one["components"] = json!([]);
        }
        assert_eq!(reduced(&[part]), Some(one), "{part}");
    }
    expected["embeds"][0].as_object_mut().unwrap().retain(|key, _| key != "url" && key != "thumbnail");
    expected["embeds"][0]["fields"] = json!([{ "name": "b", "value": "2" }]);
    let several = ["embeds.0.url", "embeds.0.thumbnail.url", "embeds.0.fields.0.value", "embeds.0.fields.2.name"];
    assert_eq!(reduced(&several), Some(expected));
}

#[test]
fn a_message_that_would_be_empty_becomes_plain_text() {
    assert_eq!(reduced(&["embeds"]), None);
    assert_eq!(reduced(&["embeds.0.title", "embeds.0.description", "embeds.0.fields"]), None);
    assert_eq!(reduced(&["sticker_ids"]), None, "a part that the message does not have");
    assert_eq!(reduced(&[]), None);
    let plain = Value::Object(plain(&message()).unwrap());
    assert_eq!(plain["content"], "Next raid\nVote until !");
    assert_eq!((&plain["nonce"], &plain["embeds"]), (&json!("1"), &json!([])));
    let nothing = serde_json::from_value(json!({ "embeds": [{ "title": "***" }] })).unwrap();
    assert_eq!(super::discord_refused_parts::plain(&nothing), None);
}
