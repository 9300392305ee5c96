//! The text that the demo prints at the start.

use std::{fmt::Write, net::SocketAddr, time::Duration};

use super::fill::{Filled, PASSWORD};
use crate::{
    app::App,
    auth,
    cli::{health::local_url, output::BoxError},
};

/// Lifetime of the printed tokens.
pub(super) const TOKEN_LIFETIME: Duration = Duration::from_hours(24);

/// The addresses, the accounts, and requests to try.
pub(super) fn introduction(app: &App, filled: &Filled, address: SocketAddr) -> Result<String, BoxError> {
    let (mut text, live) = (String::new(), &filled.live.campaign);
    let site = local_url(address);
    let address = site.trim_start_matches("http://");
    let campaign = async_graphql::ID::from(live.id).to_string();
    writeln!(text, "\n{}: {} members, {} campaigns\n", filled.guild.name, filled.members, filled.campaigns)?;
    writeln!(text, "  Web app   http://{address}/")?;
    writeln!(text, "  Live vote http://{address}/votes/{campaign}   ({})\n", live.title)?;
    writeln!(text, "Sign in with the password {PASSWORD} as one of:\n")?;
    for member in &filled.accounts {
        let name = &member.discord_username;
        writeln!(text, "  {name:<9} http://{address}/login#as={name}")?;
    }
    writeln!(text, "\n  Console   http://{address}/graphiql")?;
    writeln!(text, "  GraphQL   http://{address}/graphql   (subscriptions: ws://{address}/graphql)\n")?;
    writeln!(text, "Their access tokens, valid for a day:\n")?;
    let mut officer = String::new();
    for member in &filled.accounts {
        let token = auth::mint(&app.accounts, member, TOKEN_LIFETIME)?;
        writeln!(text, "  {:<9} {token}\n", member.discord_username)?;
        if member.discord_username == "officer" {
            officer = token;
        }
    }
    writeln!(text, "From a shell:\n")?;
    writeln!(text, "  curl http://{address}/graphql -H 'Content-Type: application/json' \\")?;
    writeln!(text, "    -H 'Authorization: Bearer {officer}' \\")?;
    writeln!(
        text,
        "    -d '{{\"query\": \"{{ me {{ displayName rank {{ name }} }} campaigns {{ nodes {{ title status }} }} }}\"}}'\n"
    )?;
    writeln!(text, "Vote with the accounts above; all other members vote automatically. Ctrl-C ends the demo.\n")?;
    Ok(text)
}
