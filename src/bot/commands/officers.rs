//! The officers' commands: `/invite`, `/sync` and `/setup`, and their replies.

use async_graphql::ID;
use serde::Deserialize;
use serde_json::json;
use serenity::{
    all::{ChannelType, CommandDataOption, CommandDataOptionValue as OptionValue, CommandOptionType, UserId},
    builder::{CreateCommandOption as NewOption, CreateEmbed, CreateInteractionResponseMessage as Reply},
};

use super::{
    queries::{CommandError, CommandUser, Named},
    view::{MAX_NAME, note, reply},
};
use crate::{
    db::Conn,
    discord::{
        store,
        sync::{self, DiscordSyncConflict},
        wording::{cut_lines, escape},
    },
    identity::SEND_INVITE,
};

const NO_PERSON: &str = "Only people can become members. Choose a person of this server.";

/// Maximum length of an embed's description, in characters.
const MAX_DESCRIPTION: usize = 4_000;

const CREATE: &str = "mutation($input: CreateMemberInput!) { createMember(input: $input) { member { id } } }";
const INVITE: &str = "mutation($id: ID!) { sendInvite(memberId: $id) { code delivery member { displayName } } }";
const SYNC: &str = "mutation($dry: Boolean!) { syncDiscordRoles(dryRun: $dry) { report {
    dryRun added promoted demoted renamed linked
    conflicts { discordUsername reason } kept { discordUsername reason }
} } }";
const LINK: &str = "mutation($input: LinkDiscordInput!) { linkDiscord(input: $input) { warnings } }";
const ROLE: &str = "mutation($input: UpdateRankInput!) { updateRank(input: $input) { rank { name } warnings } }";
const RANKS: &str = "query { ranks { id name } }";

/// An invitation.
#[derive(Clone, Debug, Deserialize)]
struct Invitation {
    code: String,
    delivery: String,
    member: DisplayName,
}

/// A member of whom only the display name is queried.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DisplayName {
    display_name: String,
}

/// The report of a sync.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "fields of the GraphQL schema, documented there")]
pub struct SyncResult {
    pub dry_run: bool,
    pub added: usize,
    pub promoted: usize,
    pub demoted: usize,
    pub renamed: usize,
    pub linked: usize,
    pub conflicts: Vec<ReportedUser>,
    pub kept: Vec<ReportedUser>,
}

/// A user in the report of a sync.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "fields of the GraphQL schema, documented there")]
pub struct ReportedUser {
    pub discord_username: String,
    pub reason: Option<DiscordSyncConflict>,
}

/// A rank.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "fields of the GraphQL schema, documented there")]
pub struct RankName {
    pub id: String,
    pub name: String,
}

/// A change that may have warnings.
#[derive(Clone, Debug, Default, Deserialize)]
struct Warned {
    rank: Option<Named>,
    warnings: Option<Vec<String>>,
}

/// The options of `/invite`.
pub(super) fn invite_options() -> Vec<NewOption> {
    vec![NewOption::new(CommandOptionType::User, "user", "Whom to invite.").required(true)]
}

/// The options of `/sync`.
pub(super) fn sync_options() -> Vec<NewOption> {
    vec![NewOption::new(CommandOptionType::Boolean, "preview", "Only shows what would change.")]
}

/// The subcommands of `/setup`, which pick channels and roles from Discord's lists.
pub(super) fn setup_options() -> Vec<NewOption> {
    let channel = |description| {
        NewOption::new(CommandOptionType::Channel, "channel", description)
            .channel_types(vec![ChannelType::Text, ChannelType::News])
            .required(true)
    };
    let subcommand = |name, description, options: Vec<NewOption>| {
        options
            .into_iter()
            .fold(NewOption::new(CommandOptionType::SubCommand, name, description), NewOption::add_sub_option)
    };
    vec![
        subcommand("channel", "Announces votes in a channel.", vec![channel("The channel for votes.")]),
        subcommand("log", "Reports problems to officers in a channel.", vec![channel("The officers' channel.")]),
        subcommand(
            "role",
            "Gives the holders of a role a rank.",
            vec![
                NewOption::new(CommandOptionType::String, "rank", "The rank.").set_autocomplete(true).required(true),
                NewOption::new(CommandOptionType::Role, "role", "The role.").required(true),
            ],
        ),
    ]
}

/// The value of an option.
pub(super) fn value<'o>(options: &'o [CommandDataOption], name: &str) -> Option<&'o OptionValue> {
    options.iter().find(|option| option.name == name).map(|option| &option.value)
}

/// Invites a user, who becomes a member first if necessary: by their roles if they have one for a rank.
pub(super) async fn invite(by: &CommandUser, user: UserId, username: Option<&str>) -> Result<Reply, CommandError> {
    let Some(username) = username else { return Ok(note(NO_PERSON)) };
    let member = match by.member_of(user).await? {
        None if by.auth.viewer.as_ref().is_some_and(|viewer| viewer.may(SEND_INVITE)) => {
            by.sync_user(user).await;
            by.member_of(user).await?
        }
        known => known,
    };
    let member = if let Some(member) = member {
        member
    } else {
        let input = json!({ "input": { "discordUsername": username, "discordId": user.to_string() } });
        by.execute(CREATE, input, "/createMember/member/id").await.map_err(|refused| taken(refused, user))?
    };
    let invitation: Invitation = by.execute(INVITE, json!({ "id": member }), "/sendInvite").await?;
    let name = escape(&invitation.member.display_name, MAX_NAME);
    let code = format!("```\n{}\n```", invitation.code);
    Ok(note(&match invitation.delivery.as_str() {
        "SENT" => format!("**{name}** has an invite code by direct message."),
        "QUEUED" => {
            format!("Discord is slow, so **{name}** gets this invite code later. You can also pass it on:\n{code}")
        }
        _ => format!("The bot could not send **{name}** a direct message. Pass this invite code on:\n{code}"),
    }))
}

/// Says how to invite a user whose username another member has.
fn taken(refused: CommandError, user: UserId) -> CommandError {
    if refused.reason.as_deref() != Some("NAME_TAKEN") {
        return refused;
    }
    let how =
        format!("If they are the same person, give this member the Discord id `{user}` on the guild's site first.");
    CommandError { message: format!("{} {how}", refused.message), ..refused }
}

/// Syncs ranks with roles.
pub(super) async fn sync(by: &CommandUser, preview: bool) -> Result<Reply, CommandError> {
    let result = by.execute(SYNC, json!({ "dry": preview }), "/syncDiscordRoles/report").await?;
    Ok(sync_result(&result, by.color))
}

/// The report of a sync.
pub fn sync_result(result: &SyncResult, color: u32) -> Reply {
    let SyncResult { dry_run, added, promoted, demoted, renamed, linked, conflicts, kept } = result;
    let mut lines = vec![
        format!("Added: {added}"),
        format!("Promoted: {promoted}"),
        format!("Demoted: {demoted}"),
        format!("Renamed: {renamed}"),
        format!("Linked: {linked}"),
    ];
    lines.extend(conflicts.iter().chain(kept).map(|user| {
        let why = user.reason.map(DiscordSyncConflict::sentence).unwrap_or_default();
        format!("• **{}**: {why}", escape(&user.discord_username, MAX_NAME))
    }));
    let title = if *dry_run { "The role sync would change" } else { "The role sync is done" };
    let embed = CreateEmbed::new().title(title).description(cut_lines(&lines, MAX_DESCRIPTION)).colour(color);
    reply("", Some(embed), Vec::new())
}

/// Changes a setting of the guild's link to Discord, or a rank's role.
pub(super) async fn setup(by: &CommandUser, options: &[CommandDataOption]) -> Result<Reply, CommandError> {
    let unusable = || Ok(note("This choice cannot be used. Choose from the lists that Discord shows."));
    let Some(CommandDataOption { name, value: OptionValue::SubCommand(options), .. }) = options.first() else {
        return unusable();
    };
    match (name.as_str(), value(options, "channel"), value(options, "rank"), value(options, "role")) {
        (kind @ ("channel" | "log"), Some(OptionValue::Channel(channel)), _, _) => {
            let field = if kind == "log" { "logChannelId" } else { "channelId" };
            let input = json!({ "serverId": by.server.to_string(), field: channel.to_string() });
            let changed: Warned = by.execute(LINK, json!({ "input": input }), "/linkDiscord").await?;
            let what = if kind == "log" { "Problems are reported" } else { "Votes are announced" };
            Ok(done(&format!("{what} in <#{channel}>."), changed))
        }
        ("role", _, Some(OptionValue::String(rank)), Some(OptionValue::Role(role))) => {
            let ranks = by.ranks().await?;
            let matches = |it: &&RankName| it.id == *rank || it.name.eq_ignore_ascii_case(rank);
            let Some(rank) = ranks.iter().find(matches) else {
                return Ok(note("The guild has no such rank."));
            };
            let input = json!({ "input": { "id": rank.id, "discordRoleId": role.to_string() } });
            let changed: Warned = by.execute(ROLE, input, "/updateRank").await?;
            let name = changed.rank.as_ref().map(|rank| escape(&rank.name, MAX_NAME)).unwrap_or_default();
            Ok(done(&format!("Members with the role <@&{role}> get the rank **{name}** with the next sync."), changed))
        }
        _ => unusable(),
    }
}

fn done(text: &str, changed: Warned) -> Reply {
    let warnings = changed.warnings.unwrap_or_default();
    let lines: Vec<String> =
        std::iter::once(text.to_owned()).chain(warnings.iter().map(|warning| escape(warning, 400))).collect();
    note(&cut_lines(&lines, 1_900))
}

impl CommandUser {
    /// The member of the guild who has this Discord id.
    async fn member_of(&self, user: UserId) -> Result<Option<ID>, CommandError> {
        let guild = self.auth.guild;
        let query = async move |conn: &mut Conn| Ok(store::member_by_discord_id(conn, guild, &user.to_string()).await?);
        let member = self.auth.app.db.read(query).await;
        Ok(member.map_err(|error| error.into_sanitized(&self.request_id))?.map(ID::from))
    }

    /// Syncs a user of the server, who may have joined just now.
    async fn sync_user(&self, user: UserId) {
        let discord = &self.auth.app.discord;
        let Some(bot) = &discord.bot else { return };
        let Ok(seen) = bot.rest().member(self.auth.guild, self.server, user).await else { return };
        if let Err(error) = sync::sync_member(discord, &self.server.to_string(), seen).await {
            tracing::warn!(request_id = self.request_id, %error, "could not sync an invited user");
        }
    }

    /// Queries the guild's ranks.
    pub(super) async fn ranks(&self) -> Result<Vec<RankName>, CommandError> {
        self.execute(RANKS, json!({}), "/ranks").await
    }
}
