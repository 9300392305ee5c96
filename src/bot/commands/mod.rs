//! The bot's slash commands. They run operations of the GraphQL schema as the member whose Discord account uses them.

pub mod ballot;
mod choices;
pub mod officers;
pub mod queries;
pub mod report;
pub mod view;

use std::{sync::Arc, time::Duration};

use serenity::{
    all::{
        CommandData, CommandDataOptionValue as OptionValue, CommandInteraction, CommandType, ComponentInteraction,
        ComponentInteractionDataKind, GuildId as ServerId, InstallationContext, Interaction, InteractionContext,
        MessageFlags, UserId,
    },
    builder::{CreateCommand, CreateInteractionResponse as Response, CreateInteractionResponseMessage as Reply},
};

use self::{
    ballot::{BallotDraft, Step},
    queries::{CommandError, CommandUser},
};
use crate::{
    api::auth_context::AuthContext,
    app::App,
    db::Conn,
    discord::{Bot, rest::DiscordError, store, vote_button},
    engine::Origin,
    kernel::error::{Code, Refusal, Result},
    voting::CannotVoteReason,
};

/// Longest time for a response. Discord waits for three seconds, including the network.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(2);
/// Longest time for a response that is announced first. Discord accepts it within 15 minutes.
const SLOW_TIMEOUT: Duration = Duration::from_mins(2);

const TOO_SLOW: &str = "This takes longer than Discord allows. Use the command again in a moment to see the result.";
const REFUSED: &str = "Discord does not accept the answer to this. Use the guild's site instead.";
const OUT_OF_DATE: &str = "This is out of date. Use `/vote` again.";
const NO_SUCH_COMMAND: &str = "There is no such command. Use `/vote`, `/standings` or `/whoami`.";
/// The commands that may take longer than Discord waits.
const SLOW: [&str; 3] = ["invite", "sync", "setup"];
const NO_SUCH_VOTE: &str = "This vote no longer exists. `/vote` shows the open votes.";
const IN_NO_SERVER: &str = "Use this in your guild's Discord server, because the bot cannot know your guild here.";
const NOT_LINKED: &str =
    "This Discord server is not linked to a guild yet. An officer can link it on the guild's site.";
const NO_MEMBER: &str = "You are not on this guild's roster under this Discord account. Ask an officer to add your Discord \
    id, or wait for the next role sync.";

/// The definitions of the commands. Discord offers them to users once they are registered.
pub(super) fn definitions() -> Vec<CreateCommand> {
    queries::warm_up();
    let vote = |description| vec![choices::vote_option(description)];
    let commands = [
        ("vote", "Vote in the open votes of your guild. Only you see your ballot.", vote("The vote; else all.")),
        ("standings", "The standings or results of votes.", vote("The vote; else the latest ones.")),
        ("whoami", "Your rank, account and characters in the guild.", Vec::new()),
        ("invite", "For officers: sends an invite code by direct message.", officers::invite_options()),
        ("sync", "For officers: syncs ranks with Discord roles now.", officers::sync_options()),
        ("setup", "For officers: picks channels, and roles for ranks.", officers::setup_options()),
    ];
    let command = |(name, description, options): (&str, &str, _)| {
        CreateCommand::new(name)
            .kind(CommandType::ChatInput)
            .description(description)
            .set_options(options)
            .contexts(vec![InteractionContext::Guild])
            .integration_types(vec![InstallationContext::Guild])
    };
    commands.map(command).into()
}

/// Responds to the use of a command, a button or a menu.
pub(super) async fn respond(app: &Arc<App>, interaction: Interaction) {
    let Some(bot) = app.discord.bot.as_deref() else { return };
    let request_id = format!("discord-{}", interaction.id());
    let mut is_update = false;
    let response = match &interaction {
        Interaction::Command(used) if SLOW.contains(&used.data.name.as_str()) => {
            return respond_later(app, bot, used, &request_id).await;
        }
        Interaction::Command(used) => {
            let input = UserInput::Command(&used.data);
            Response::Message(reply(app, used.guild_id, used.user.id, &request_id, input, RESPONSE_TIMEOUT).await)
        }
        Interaction::Component(used) => {
            let input = UserInput::Component { id: &used.data.custom_id, chosen: chosen(used) };
            let reply = reply(app, used.guild_id, used.user.id, &request_id, input, RESPONSE_TIMEOUT).await;
            // A message that only the user sees is updated in place. A message that others see is not changed.
            let is_ephemeral = used.message.flags.is_some_and(|flags| flags.contains(MessageFlags::EPHEMERAL));
            is_update = is_ephemeral;
            if is_ephemeral { Response::UpdateMessage(reply) } else { Response::Message(reply) }
        }
        Interaction::Ping(_) => Response::Pong,
        Interaction::Autocomplete(used) => {
            let choices = async {
                let user = resolve_user(app, used.guild_id, used.user.id, &request_id).await;
                choices::autocomplete(user.ok(), &used.data).await
            };
            Response::Autocomplete(tokio::time::timeout(RESPONSE_TIMEOUT, choices).await.unwrap_or_default())
        }
        _ => Response::Message(view::note(OUT_OF_DATE)),
    };
    let Err(error) = bot.rest().respond(interaction.id(), interaction.token(), &response).await else { return };
    tracing::warn!(request_id, %error, "could not respond to an interaction");
    if matches!(error, DiscordError::Refused { status: 400, .. }) {
        // Discord accepts no part of the reply, so that the user would see only that the bot failed.
        let note = view::note(REFUSED);
        let response = if is_update { Response::UpdateMessage(note) } else { Response::Message(note) };
        if let Err(error) = bot.rest().respond(interaction.id(), interaction.token(), &response).await {
            tracing::warn!(request_id, %error, "could not respond to an interaction with a plain sentence");
        }
    }
}

/// Responds to a command that may take longer than Discord waits: with a note that the bot is busy, which it replaces.
async fn respond_later(app: &Arc<App>, bot: &Bot, used: &CommandInteraction, request_id: &str) {
    let busy = Response::Defer(Reply::new().ephemeral(true));
    if let Err(error) = bot.rest().respond(used.id, &used.token, &busy).await {
        return tracing::warn!(request_id, %error, "could not respond to an interaction");
    }
    let input = UserInput::Command(&used.data);
    let reply = reply(app, used.guild_id, used.user.id, request_id, input, SLOW_TIMEOUT).await;
    let mut replaced = bot.rest().replace_response(used.application_id, &used.token, &reply).await;
    if let Err(DiscordError::Refused { status: 400, .. }) = replaced {
        replaced = bot.rest().replace_response(used.application_id, &used.token, &view::note(REFUSED)).await;
    }
    if let Err(error) = replaced {
        tracing::warn!(request_id, %error, "could not replace the response to an interaction");
    }
}

/// The command, button or menu that a user has used.
enum UserInput<'a> {
    /// A command.
    Command(&'a CommandData),
    /// The menu or button with this id, and the chosen values.
    Component { id: &'a str, chosen: &'a [String] },
}

fn chosen(used: &ComponentInteraction) -> &[String] {
    match &used.data.kind {
        ComponentInteractionDataKind::StringSelect { values } => values,
        _ => &[],
    }
}

async fn reply(
    app: &Arc<App>,
    server: Option<ServerId>,
    user: UserId,
    request_id: &str,
    input: UserInput<'_>,
    timeout: Duration,
) -> Reply {
    let work = async {
        let user = resolve_user(app, server, user, request_id).await;
        dispatch(&user.map_err(|error| error.into_sanitized(request_id))?, input).await
    };
    match tokio::time::timeout(timeout, work).await {
        Ok(Ok(reply)) => reply,
        Ok(Err(refused)) => view::note(&refused.message),
        Err(_) => {
            tracing::warn!(request_id, "the response to an interaction took too long");
            view::note(TOO_SLOW)
        }
    }
}

/// Finds the member that belongs to a user of a Discord server, in the guild that the server is linked to.
async fn resolve_user(app: &Arc<App>, server: Option<ServerId>, user: UserId, request_id: &str) -> Result<CommandUser> {
    let forbidden = |message| Refusal::new(Code::Forbidden, message);
    let server = server.ok_or_else(|| forbidden(IN_NO_SERVER))?;
    let query = async move |conn: &mut Conn| {
        let Some(link) = store::link_by_server(conn, &server.to_string()).await? else { return Ok(None) };
        let member = store::member_by_discord_id(conn, link.guild_id, &user.to_string()).await?;
        Ok(Some((link, member)))
    };
    let (link, member) = app.db.read(query).await?.ok_or_else(|| forbidden(NOT_LINKED))?;
    let member = member.ok_or_else(|| forbidden(NO_MEMBER))?;
    let viewer = app.access.look_up_member(link.guild_id, member).await?.ok_or_else(|| forbidden(NO_MEMBER))?;
    let origin = Origin { user_agent: Some("Discord".to_owned()), ..Origin::default() };
    let auth = AuthContext {
        app: Arc::clone(app),
        guild: link.guild_id,
        origin: Arc::new(origin),
        viewer: Some(Arc::new(viewer)),
    };
    let color = u32::try_from(link.color).unwrap_or_default();
    Ok(CommandUser { auth, color, server, request_id: request_id.to_owned() })
}

async fn dispatch(user: &CommandUser, input: UserInput<'_>) -> Result<Reply, CommandError> {
    if let UserInput::Component { id, .. } = &input
        && let Some(campaign) = vote_button::campaign_of(id)
    {
        return fill_in_ballot(user, BallotDraft::new(campaign), Step::StartOver, &[]).await;
    }
    match input {
        UserInput::Command(data) => command(user, data).await,
        UserInput::Component { id: ballot::CHOOSE, chosen } => {
            match chosen.first().and_then(|chosen| ballot::decode_campaign(chosen)) {
                Some(campaign) => fill_in_ballot(user, BallotDraft::new(campaign), Step::StartOver, &[]).await,
                None => Ok(view::note(OUT_OF_DATE)),
            }
        }
        UserInput::Component { id, chosen } => match BallotDraft::decode(id) {
            Some((step, ballot)) => fill_in_ballot(user, ballot, step, chosen).await,
            None => Ok(view::note(OUT_OF_DATE)),
        },
    }
}

async fn command(user: &CommandUser, data: &CommandData) -> Result<Reply, CommandError> {
    let chosen = match officers::value(&data.options, "vote") {
        Some(OptionValue::String(text)) => Some(choices::find_vote(user, &data.name, text).await?),
        _ => None,
    };
    match (data.name.as_str(), chosen) {
        ("vote" | "standings", Some(None)) => Ok(view::note(NO_SUCH_VOTE)),
        ("vote", Some(Some(campaign))) => fill_in_ballot(user, BallotDraft::new(campaign), Step::StartOver, &[]).await,
        ("vote", None) => vote(user).await,
        ("standings", Some(Some(campaign))) => {
            let standings: Vec<_> = user.standings_of(campaign).await?.into_iter().collect();
            Ok(if standings.is_empty() { view::note(NO_SUCH_VOTE) } else { report::standings(&standings, user.color) })
        }
        ("standings", None) => Ok(report::standings(&user.standings().await?, user.color)),
        ("whoami", _) => Ok(report::whoami(&user.me().await?, user.color)),
        ("invite", _) => match officers::value(&data.options, "user") {
            Some(OptionValue::User(invited)) => {
                let username = data.resolved.users.get(invited).filter(|it| !it.bot).map(|it| it.name.as_str());
                officers::invite(user, *invited, username).await
            }
            _ => Ok(view::note(NO_SUCH_COMMAND)),
        },
        ("sync", _) => {
            let preview = matches!(officers::value(&data.options, "preview"), Some(OptionValue::Boolean(true)));
            officers::sync(user, preview).await
        }
        ("setup", _) => officers::setup(user, &data.options).await,
        _ => Ok(view::note(NO_SUCH_COMMAND)),
    }
}

async fn vote(user: &CommandUser) -> Result<Reply, CommandError> {
    let votes = user.votes().await?;
    let mut open = votes.nodes.iter().filter(|vote| vote.viewer_cannot_vote_reason.is_none());
    match (open.next(), open.next()) {
        (Some(only), None) => fill_in_ballot(user, BallotDraft::new(only.id), Step::StartOver, &[]).await,
        _ => Ok(view::votes(votes, user.color)),
    }
}

async fn fill_in_ballot(
    user: &CommandUser,
    ballot: BallotDraft,
    step: Step,
    chosen: &[String],
) -> Result<Reply, CommandError> {
    let campaign = ballot.campaign;
    let Some(vote) = user.vote(campaign).await? else { return Ok(view::note(NO_SUCH_VOTE)) };
    if let Some(reason) = vote.viewer_cannot_vote_reason {
        return Ok(view::cannot_vote(&vote, reason, user.color));
    }
    let Some(ballot) = ballot.after(step, chosen, vote.rules()) else { return Ok(view::note(OUT_OF_DATE)) };
    if step != Step::Cast || !ballot.is_enough(vote.rules()) {
        return Ok(view::ballot(&vote, &ballot, user.color));
    }
    match user.cast(&vote, &ballot).await {
        Ok(cast) => Ok(view::cast(&vote, &cast, user.color)),
        // After pressing the button twice, the member still gets the receipt.
        Err(refused) if refused.reason.as_deref() == Some("ALREADY_VOTED") => {
            let vote = user.vote(campaign).await?.ok_or(refused)?;
            Ok(view::cannot_vote(&vote, CannotVoteReason::AlreadyVoted, user.color))
        }
        Err(refused) => Err(refused),
    }
}
