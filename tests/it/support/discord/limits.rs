//! Discord's limits for the bodies of requests, with the errors of its real responses.

use std::{collections::HashSet, ops::RangeInclusive};

use serde_json::{Value, json};

/// The errors of a body, each with its path, code and message.
#[derive(Default)]
pub(super) struct BodyErrors(Vec<(String, &'static str, String)>);

impl BodyErrors {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn push(&mut self, at: &str, code: &'static str, why: &str) {
        self.0.push((at.to_owned(), code, why.to_owned()));
    }

    /// The errors in the tree of Discord's response.
    pub(super) fn to_json(&self) -> Value {
        let mut tree = json!({});
        for (at, code, message) in &self.0 {
            let mut node = &mut tree;
            for part in at.split('.') {
                node = &mut node[part];
            }
            let error = json!({ "code": code, "message": message });
            match &mut node["_errors"] {
                Value::Array(errors) => errors.push(error),
                none => *none = json!([error]),
            }
        }
        tree
    }

    /// Checks the length of a text. A text that may be empty can be omitted.
    fn text(&mut self, at: &str, value: &Value, allowed: RangeInclusive<usize>) {
        let (least, most) = (*allowed.start(), *allowed.end());
        match value {
            Value::Null if least == 0 => {}
            Value::Null => self.push(at, "BASE_TYPE_REQUIRED", "This field is required"),
            Value::String(text) if allowed.contains(&length(text)) => {}
            Value::String(_) if least == 0 => {
                self.push(at, "BASE_TYPE_MAX_LENGTH", &format!("Must be {most} or fewer in length."));
            }
            Value::String(_) => {
                self.push(at, "BASE_TYPE_BAD_LENGTH", &format!("Must be between {least} and {most} in length."));
            }
            _ => self.push(at, "STRING_TYPE_CONVERT", "Could not interpret as string."),
        }
    }

    fn count(&mut self, at: &str, count: usize, allowed: RangeInclusive<usize>) {
        if !allowed.contains(&count) {
            let (least, most) = (allowed.start(), allowed.end());
            self.push(at, "BASE_TYPE_BAD_LENGTH", &format!("Must be between {least} and {most} in length."));
        }
    }

    fn url(&mut self, at: &str, value: &Value) {
        let schemes = ["http://", "https://", "attachment://"];
        let host = value.as_str().and_then(|url| url.split(['/', '?', '#']).nth(2)).unwrap_or(".");
        if !host.contains('.') {
            self.push(at, "URL_TYPE_INVALID_URL", "Not a well formed URL.");
        }
        match value.as_str() {
            None if value.is_null() => {}
            Some(url) if length(url) <= 2048 && schemes.iter().any(|scheme| url.starts_with(scheme)) => {}
            _ => self.push(at, "URL_TYPE_INVALID_SCHEME", "Scheme must be one of ('http', 'https')."),
        }
    }

    fn embed(&mut self, at: &str, embed: &Value) {
        self.text(&format!("{at}.title"), &embed["title"], 0..=256);
        self.text(&format!("{at}.description"), &embed["description"], 0..=4096);
        self.text(&format!("{at}.footer.text"), &embed["footer"]["text"], 0..=2048);
        self.text(&format!("{at}.author.name"), &embed["author"]["name"], 0..=256);
        self.url(&format!("{at}.url"), &embed["url"]);
        for (part, url) in
            [("image", "url"), ("thumbnail", "url"), ("author", "url"), ("author", "icon_url"), ("footer", "icon_url")]
        {
            self.url(&format!("{at}.{part}.{url}"), &embed[part][url]);
        }
        self.count(&format!("{at}.fields"), list(&embed["fields"]).len(), 0..=25);
        for (index, field) in list(&embed["fields"]).iter().enumerate() {
            self.text(&format!("{at}.fields.{index}.name"), &field["name"], 1..=256);
            self.text(&format!("{at}.fields.{index}.value"), &field["value"], 1..=1024);
        }
    }

    fn row(&mut self, at: &str, row: &Value, seen: &mut HashSet<String>) {
        let parts = list(&row["components"]);
        let selects = parts.iter().filter(|part| part["type"] != 2).count();
        self.count(&format!("{at}.components"), parts.len(), 1..=5);
        if row["type"] != 1 {
            self.push(&format!("{at}.type"), "BASE_TYPE_CHOICES", "Value must be one of (1,).");
        }
        if selects > 1 || (selects == 1 && parts.len() > 1) {
            self.push(at, "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "The specified component exceeds the maximum width");
        }
        for (index, part) in parts.iter().enumerate() {
            let at = format!("{at}.components.{index}");
            let links = part["type"] == 2 && part["style"] == 5;
            if let Some(custom_id) = part["custom_id"].as_str()
                && !seen.insert(custom_id.to_owned())
            {
                let why = "Component custom id cannot be duplicated";
                self.push(&format!("{at}.custom_id"), "COMPONENT_CUSTOM_ID_DUPLICATED", why);
            }
            match part["type"].as_u64() {
                Some(2 | 3 | 5..=8) if !links => self.text(&format!("{at}.custom_id"), &part["custom_id"], 1..=100),
                Some(2) => {
                    self.text(&format!("{at}.url"), &part["url"], 1..=512);
                    self.url(&format!("{at}.url"), &part["url"]);
                }
                _ => self.push(&format!("{at}.type"), "UNION_TYPE_CHOICES", "Value of field \"type\" is unknown."),
            }
            if part["type"] == 2 {
                self.button(&at, part);
            } else {
                self.select(&at, part);
            }
        }
    }

    fn button(&mut self, at: &str, button: &Value) {
        let least = usize::from(button["emoji"].is_null());
        self.text(&format!("{at}.label"), &button["label"], least..=80);
        if !matches!(button["style"].as_u64(), Some(1..=5)) {
            self.push(&format!("{at}.style"), "BASE_TYPE_CHOICES", "Value must be one of {1, 2, 3, 4, 5}.");
        }
    }

    fn select(&mut self, at: &str, select: &Value) {
        let options = list(&select["options"]);
        let most = if select["type"] == 3 { options.len() } else { 25 };
        let least = select["min_values"].as_u64().unwrap_or(1);
        let chosen = select["max_values"].as_u64().unwrap_or(1);
        if least > chosen || !(1..=most as u64).contains(&chosen) {
            self.push(at, "SELECT_COMPONENT_VALUES", &format!("{least} to {chosen} of {most} cannot be chosen."));
        }
        self.text(&format!("{at}.placeholder"), &select["placeholder"], 0..=150);
        if select["type"] != 3 {
            return;
        }
        self.count(&format!("{at}.options"), options.len(), 1..=25);
        let mut values = HashSet::new();
        for (index, option) in options.iter().enumerate() {
            let at = format!("{at}.options.{index}");
            self.text(&format!("{at}.label"), &option["label"], 1..=100);
            self.text(&format!("{at}.value"), &option["value"], 1..=100);
            self.text(&format!("{at}.description"), &option["description"], 0..=100);
            if !values.insert(option["value"].as_str()) {
                let why = "The specified option value is already used";
                self.push(&format!("{at}.value"), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", why);
            }
        }
    }

    /// Checks commands, or the options of a command, which may have options themselves.
    fn commands(&mut self, at: &str, commands: &[Value], most: usize) {
        self.count(at, commands.len(), 0..=most);
        let mut names = HashSet::new();
        let mut optional = false;
        for (index, command) in commands.iter().enumerate() {
            let at = format!("{at}.{index}");
            let name = command["name"].as_str().unwrap_or_default();
            let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-_".contains(letter);
            if !(1..=32).contains(&length(name)) || !name.chars().all(plain) {
                self.push(&format!("{at}.name"), "STRING_TYPE_REGEX", "String value did not match validation regex.");
            }
            if !names.insert(name) {
                let why = "Option and command names must be unique";
                self.push(&format!("{at}.name"), "APPLICATION_COMMANDS_DUPLICATE_NAME", why);
            }
            self.text(&format!("{at}.description"), &command["description"], 1..=100);
            if optional && command["required"] == true {
                let why = "Required options must be placed before non-required options";
                self.push(&at, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", why);
            }
            optional |= command["required"] != true;
            self.count(&format!("{at}.choices"), list(&command["choices"]).len(), 0..=25);
            for (index, choice) in list(&command["choices"]).iter().enumerate() {
                self.text(&format!("{at}.choices.{index}.name"), &choice["name"], 1..=100);
            }
            self.commands(&format!("{at}.options"), list(&command["options"]), 25);
        }
    }
}

/// Whether a message has no content.
pub(super) fn is_blank(message: &Value) -> bool {
    let content = message["content"].as_str().unwrap_or_default();
    content.trim().is_empty() && list(&message["embeds"]).is_empty() && list(&message["components"]).is_empty()
}

/// The errors of a message.
pub(super) fn message(message: &Value) -> BodyErrors {
    let mut errors = BodyErrors::default();
    errors.text("content", &message["content"], 0..=2000);
    if !message["nonce"].is_number() {
        errors.text("nonce", &message["nonce"], 0..=25);
    }
    let embeds = list(&message["embeds"]);
    errors.count("embeds", embeds.len(), 0..=10);
    for (index, embed) in embeds.iter().enumerate() {
        errors.embed(&format!("embeds.{index}"), embed);
    }
    if embeds.iter().map(size).sum::<usize>() > 6000 {
        errors.push("embeds", "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000");
    }
    let rows = list(&message["components"]);
    errors.count("components", rows.len(), 0..=5);
    let mut seen = HashSet::new();
    for (index, row) in rows.iter().enumerate() {
        errors.row(&format!("components.{index}"), row, &mut seen);
    }
    errors
}

/// The errors of commands to register.
pub(super) fn commands(commands: &Value) -> BodyErrors {
    let mut errors = BodyErrors::default();
    errors.commands("commands", list(commands), 100);
    errors
}

/// The total length of an embed's texts.
fn size(embed: &Value) -> usize {
    let fields = list(&embed["fields"]).iter().flat_map(|field| [&field["name"], &field["value"]]);
    let own = [&embed["title"], &embed["description"], &embed["footer"]["text"], &embed["author"]["name"]];
    own.into_iter().chain(fields).filter_map(Value::as_str).map(length).sum()
}

fn length(text: &str) -> usize {
    text.trim().chars().count()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
