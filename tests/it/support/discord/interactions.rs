//! Commands, buttons and menus of the local Discord.

use serde_json::{Value, json};

use super::{LocalDiscord, state::DiscordState};

impl LocalDiscord {
    /// Uses a command as a user, in a server or in direct messages, and returns the bot's response.
    pub async fn slash(&self, server: impl Into<Option<u64>>, user: u64, name: &str, options: Value) -> Value {
        let id = self.edit(DiscordState::next_id).to_string();
        let data = self.command_data(&id, name, &options);
        self.interact(server.into(), user, 2, data, json!({})).await
    }

    /// Types an option of a command as a user, and returns the choices that the bot offers.
    pub async fn autocomplete(&self, server: u64, user: u64, name: &str, options: Value) -> Vec<Value> {
        let id = self.edit(DiscordState::next_id).to_string();
        let data = self.command_data(&id, name, &options);
        let response = self.interact(Some(server), user, 4, data, json!({})).await;
        response["data"]["choices"].as_array().cloned().unwrap_or_default()
    }

    /// The data of a command, with the users in its options.
    fn command_data(&self, id: &str, name: &str, options: &Value) -> Value {
        let chosen = options.as_array().into_iter().flatten().filter(|option| option["type"] == 6);
        let users = chosen.filter_map(|option| option["value"].as_str()?.parse().ok());
        let users: serde_json::Map<String, Value> =
            users.map(|user: u64| (user.to_string(), self.read(|state| state.user(user)))).collect();
        json!({ "id": id, "name": name, "type": 1, "options": options, "resolved": { "users": users } })
    }

    /// Presses a button as a user, and returns the bot's response.
    pub async fn press(&self, server: impl Into<Option<u64>>, user: u64, custom_id: &str) -> Value {
        let data = json!({ "custom_id": custom_id, "component_type": 2 });
        let message = self.edit(|state| state.message_with(custom_id));
        self.interact(server.into(), user, 3, data, json!({ "message": message })).await
    }

    /// Chooses from a menu as a user, and returns the bot's response.
    pub async fn select(&self, server: impl Into<Option<u64>>, user: u64, custom_id: &str, values: &[&str]) -> Value {
        let data = json!({ "custom_id": custom_id, "component_type": 3, "values": values });
        let message = self.edit(|state| state.message_with(custom_id));
        self.interact(server.into(), user, 3, data, json!({ "message": message })).await
    }

    async fn interact(&self, server: Option<u64>, user: u64, kind: u8, data: Value, more: Value) -> Value {
        self.until("session to interact with", |discord| (discord.connected_sessions() > 0).then_some(())).await;
        let id = self.edit(|state| state.interact(server, user, kind, &data, more));
        // A response of type 5 is replaced later.
        let response = |state: &DiscordState| {
            let response = state.interactions.iter().find(|other| other.id == id)?.response.clone();
            response.filter(|response| response["type"] != 5)
        };
        self.until("response to an interaction", |discord| discord.read(response)).await
    }
}
