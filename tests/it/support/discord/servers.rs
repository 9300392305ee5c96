//! Servers of the local Discord, with their members, roles and channels.

use serde_json::{Value, json};

use super::{
    LocalDiscord,
    gateway::{GUILD_MEMBERS, GUILDS},
};

impl LocalDiscord {
    /// Adds a server that has the bot.
    pub fn add_server(&self, server: u64) {
        self.edit(|state| {
            state.servers.entry(server).or_default().members.insert(Self::BOT, Vec::new());
            let created = state.server_created(server);
            state.dispatch("GUILD_CREATE", GUILDS, &created);
        });
    }

    /// Removes the bot from a server.
    pub fn remove_server(&self, server: u64) {
        self.edit(|state| {
            state.servers.remove(&server);
            state.dispatch("GUILD_DELETE", GUILDS, &json!({ "id": server.to_string() }));
        });
    }

    /// Adds a member without an event on the gateway.
    pub fn join(&self, server: u64, user: u64, username: &str, roles: &[u64]) {
        self.edit(|state| state.join(server, user, username, false, roles));
    }

    /// Adds a bot as a member without an event on the gateway.
    pub fn join_bot(&self, server: u64, user: u64, username: &str, roles: &[u64]) {
        self.edit(|state| state.join(server, user, username, true, roles));
    }

    /// Adds many members without events on the gateway.
    pub fn join_many(&self, server: u64, users: impl Iterator<Item = (u64, String, Vec<u64>)>) {
        self.edit(|state| {
            for (user, username, roles) in users {
                state.join(server, user, &username, false, &roles);
            }
        });
    }

    /// Changes a member's roles without an event on the gateway.
    pub fn set_roles(&self, server: u64, user: u64, roles: &[u64]) {
        self.edit(|state| state.server(server).set_roles(user, roles));
    }

    /// Changes a member's roles, and sends the event on the gateway.
    pub fn update_member(&self, server: u64, user: u64, roles: &[u64]) {
        self.edit(|state| {
            state.server(server).set_roles(user, roles);
            let member = state.member_of(server, user);
            state.dispatch("GUILD_MEMBER_UPDATE", GUILD_MEMBERS, &member);
        });
    }

    /// Adds a member, and sends the event on the gateway.
    pub fn join_with_event(&self, server: u64, user: u64, username: &str, roles: &[u64]) {
        self.edit(|state| {
            state.join(server, user, username, false, roles);
            let member = state.member_of(server, user);
            state.dispatch("GUILD_MEMBER_ADD", GUILD_MEMBERS, &member);
        });
    }

    /// Adds a member who has not passed the membership screening, and sends the event on the gateway.
    pub fn join_pending(&self, server: u64, user: u64, username: &str) {
        self.edit(|state| {
            state.server(server).pending.insert(user);
        });
        self.join_with_event(server, user, username, &[]);
    }

    /// Lets a member pass the membership screening, and sends the event on the gateway.
    pub fn pass_screening(&self, server: u64, user: u64) {
        self.edit(|state| {
            state.server(server).pending.remove(&user);
            let member = state.member_of(server, user);
            state.dispatch("GUILD_MEMBER_UPDATE", GUILD_MEMBERS, &member);
        });
    }

    /// Changes a user's username, and sends the event on the gateway.
    pub fn rename(&self, server: u64, user: u64, username: &str) {
        self.edit(|state| {
            state.users.insert(user, (username.to_owned(), false));
            let member = state.member_of(server, user);
            state.dispatch("GUILD_MEMBER_UPDATE", GUILD_MEMBERS, &member);
        });
    }

    /// Removes a member, and sends the event on the gateway.
    pub fn leave(&self, server: u64, user: u64) {
        self.edit(|state| {
            state.server(server).members.remove(&user);
            let gone = json!({ "guild_id": server.to_string(), "user": state.user(user) });
            state.dispatch("GUILD_MEMBER_REMOVE", GUILD_MEMBERS, &gone);
        });
    }

    /// Deletes a role, and sends no event on the gateway, as Discord does for the members.
    pub fn delete_role(&self, server: u64, role: u64) {
        self.edit(|state| {
            let server = state.server(server);
            server.roles.remove(&role);
            server.members.values_mut().for_each(|roles| roles.retain(|it| *it != role));
        });
    }

    /// Adds a channel to a server.
    pub fn add_channel(&self, server: u64, channel: u64) {
        self.edit(|state| state.channels.insert(channel, server));
    }

    /// Changes the name, the type or other properties of a channel, a role or a server, as Discord's JSON has them.
    pub fn describe(&self, id: u64, details: Value) {
        self.edit(|state| state.details.insert(id, details));
    }

    /// Adds a role with these properties to a server.
    pub fn add_role(&self, server: u64, role: u64, details: Value) {
        self.edit(|state| {
            state.server(server).roles.insert(role, format!("role {role}"));
            state.details.insert(role, details);
        });
    }

    /// Gives the bot these roles.
    pub fn set_bot_roles(&self, server: u64, roles: &[u64]) {
        self.set_roles(server, Self::BOT, roles);
    }

    /// Deletes a channel.
    pub fn delete_channel(&self, channel: u64) {
        self.edit(|state| state.deleted_channels.insert(channel));
    }
}
