//! The linked Discord server in the schema.

use async_graphql::Object;

use crate::discord::{LinkedServer, ServerChannel, ServerRole, links::format_color};

/// A Discord server.
#[Object(name = "DiscordServer")]
impl LinkedServer {
    /// Name of the server.
    async fn name(&self) -> &str {
        &self.name
    }

    /// Text and announcement channels in which the bot can post, in Discord's order.
    async fn channels(&self) -> &[ServerChannel] {
        &self.channels
    }

    /// Roles that can be given to members of the server, highest first: all except `@everyone` and the roles of bots and
    /// other integrations.
    async fn roles(&self) -> &[ServerRole] {
        &self.roles
    }
}

/// A channel of a Discord server.
#[Object(name = "DiscordChannel", serial)]
impl ServerChannel {
    /// Id of the channel.
    async fn id(&self) -> &str {
        &self.id
    }

    /// Name of the channel.
    async fn name(&self) -> &str {
        &self.name
    }
}

/// A role of a Discord server.
#[Object(name = "DiscordRole", serial)]
impl ServerRole {
    /// Id of the role.
    async fn id(&self) -> &str {
        &self.id
    }

    /// Name of the role.
    async fn name(&self) -> &str {
        &self.name
    }

    /// Colour of the role, as `#RRGGBB`; `null` for none.
    async fn color(&self) -> Option<String> {
        self.color.map(format_color)
    }
}
