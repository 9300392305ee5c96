//! Fills the demo's guild from the files under `data/demo`.

use std::collections::{HashMap, HashSet};

use chrono::TimeDelta;
use clap::Args;
use rand::{
    Rng, SeedableRng,
    rngs::StdRng,
    seq::{IndexedRandom, SliceRandom},
};
use serde::Deserialize;

use crate::{
    app::App,
    cli::output::BoxError,
    identity::{self, Character, CharacterClass, CharacterRole, Guild, Member, NewMember, Rank, Region},
    kernel::{
        clock::Timestamp,
        id::{CharacterId, EntryId, GuildId},
        text,
    },
    voting::{
        self, AnnouncementLevel, Ballot, Campaign, CampaignCloseReason, CampaignStatus, Entry, NewCampaign, NewEntry,
        ResultsVisibility, VotingMethod,
    },
};

/// The password of all the demo's accounts.
pub(super) const PASSWORD: &str = "guildhall-demo";

const MEMBERS: &str = include_str!("../../../data/demo/members.json");
const CAMPAIGNS: &str = include_str!("../../../data/demo/campaigns.json");
const GENERATED: &str = include_str!("../../../data/demo/generated.json");

/// The usernames of the accounts that are printed: one for each of four ranks.
const ACCOUNTS: [&str; 4] = ["leader", "officer", "member", "initiate"];

const NO_LIVE_CAMPAIGN: &str = "the demo has no live campaign";

/// The size of the demo's guild.
#[derive(Args, Clone, Copy)]
#[command(next_help_heading = "Demo")]
pub(super) struct DemoSize {
    /// Number of members: 40 to 100,000.
    ///
    /// Each has one to four characters, 2.5 on average beyond the first forty members.
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u32).range(40..=100_000))]
    pub(super) members: u32,
    /// Number of campaigns: 5 to 10,000. One is live, one is a draft, the others are closed.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(5..=10_000))]
    pub(super) campaigns: u32,
    /// Number of ballots in each closed campaign, at most one per voter.
    ///
    /// Default: three quarters of the voters
    #[arg(long, value_name = "N")]
    pub(super) ballots: Option<u32>,
}

/// The content of the demo's database.
pub(super) struct Filled {
    pub(super) guild: Guild,
    pub(super) members: usize,
    pub(super) campaigns: usize,
    /// Members whose tokens are printed.
    pub(super) accounts: Vec<Member>,
    pub(super) live: LiveVote,
}

/// The demo's live campaign.
pub(super) struct LiveVote {
    pub(super) campaign: Campaign,
    pub(super) entries: Vec<EntryId>,
    /// Members who will vote in it, except those whose tokens are printed.
    pub(super) simulated_voters: Vec<Member>,
}

#[derive(Deserialize)]
struct DemoRoster {
    members: Vec<RosterMember>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RosterMember {
    discord_username: String,
    display_name: String,
    rank: String,
    characters: Vec<RosterCharacter>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RosterCharacter {
    name: String,
    realm: String,
    class: CharacterClass,
    spec: String,
    role: CharacterRole,
    is_main: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DemoCampaign {
    title: String,
    description: String,
    status: CampaignStatus,
    method: VotingMethod,
    picks_per_voter: i64,
    #[serde(default = "one")]
    seats: i64,
    min_rank_level_to_vote: i64,
    min_rank_level_to_view: Option<i64>,
    started_days_ago: Option<i64>,
    duration_hours: i64,
    results_visibility: ResultsVisibility,
    early_close_if_all_voted: bool,
    announcements: AnnouncementLevel,
    outcome: Option<String>,
    created_by: String,
    entries: Vec<CampaignEntry>,
}

const fn one() -> i64 {
    1
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CampaignEntry {
    name: String,
    description: String,
    image_url: Option<String>,
    associated_member: Option<String>,
}

/// Texts for the members and campaigns that are generated beyond those of the files.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Generated {
    name_starts: Vec<String>,
    name_ends: Vec<String>,
    realms: Vec<String>,
    /// Titles of campaigns.
    pub campaign_titles: Vec<String>,
    /// Descriptions of campaigns.
    pub campaign_descriptions: Vec<String>,
    /// Names of entries.
    pub entry_names: Vec<String>,
    /// Descriptions of entries.
    pub entry_descriptions: Vec<String>,
}

impl Generated {
    /// Reads the texts.
    ///
    /// # Errors
    /// If the file is malformed.
    pub fn read() -> Result<Self, BoxError> {
        Ok(serde_json::from_str(GENERATED)?)
    }
}

/// Fills an empty database.
pub(super) async fn fill(app: &App, id: GuildId, size: DemoSize) -> Result<Filled, BoxError> {
    let generated = Generated::read()?;
    let now = app.clock.now();
    let founded = now - TimeDelta::days(400);
    let (guild, ranks) = app
        .db
        .write(async move |conn| {
            identity::create_guild(conn, id, "emberwatch", "Emberwatch", Region::Us, founded).await
        })
        .await?;
    // A fixed seed: the same guild each time.
    let mut rng = StdRng::seed_from_u64(7);
    // One hash for all members: hashing is slow on purpose, and this password is no secret.
    let password_hash = app.accounts.hasher.hash(PASSWORD.to_owned()).await?;
    let (members, characters) = roster(&generated, &ranks, size.members, &password_hash, now, &mut rng)?;
    {
        let members = members.clone();
        app.db
            .write(async move |conn| {
                identity::store::insert_members(conn, members).await?;
                Ok(identity::store::insert_characters(conn, characters).await?)
            })
            .await?;
    }
    let accounts: Vec<Member> = members.iter().filter(|member| is_account(member)).cloned().collect();
    let templates = campaigns(&generated, size, &mut rng)?;
    let campaigns = templates.len();
    let mut live = None;
    for template in templates {
        let added = add_campaign(app, &template, id, &members, size.ballots, &mut rng).await?;
        if template.status == CampaignStatus::Live {
            live = Some(added);
        }
    }
    let live = live.ok_or(NO_LIVE_CAMPAIGN)?;
    Ok(Filled { guild, members: members.len(), campaigns, accounts, live })
}

/// Adds a campaign like the demo's live one.
pub(super) async fn another_live_vote(app: &App, id: GuildId, members: &[Member]) -> Result<LiveVote, BoxError> {
    let file: Vec<DemoCampaign> = serde_json::from_str(CAMPAIGNS)?;
    let template = file.iter().find(|it| it.status == CampaignStatus::Live).ok_or(NO_LIVE_CAMPAIGN)?;
    add_campaign(app, template, id, members, None, &mut StdRng::from_os_rng()).await
}

/// Adds a campaign with the ballots of some members.
async fn add_campaign(
    app: &App,
    template: &DemoCampaign,
    guild: GuildId,
    members: &[Member],
    ballot_limit: Option<u32>,
    rng: &mut StdRng,
) -> Result<LiveVote, BoxError> {
    let now = app.clock.now();
    let (campaign, entries) = rows_of(template, guild, members, now)?;
    let voters: Vec<&Member> = members
        .iter()
        .filter(|it| it.is_active && it.is_registered() && it.rank_level >= campaign.min_rank_level_to_vote)
        .filter(|it| campaign.status != CampaignStatus::Live || !is_account(it))
        .collect();
    let ballot_count = match (campaign.status, ballot_limit) {
        (CampaignStatus::Closed, Some(ballots)) => usize::try_from(ballots)?.min(voters.len()),
        (CampaignStatus::Closed, None) => voters.len() * 3 / 4,
        (CampaignStatus::Live, _) => voters.len() / 10,
        _ => 0,
    };
    let entry_ids: Vec<EntryId> = entries.iter().map(|entry| entry.id).collect();
    let shuffled: Vec<Member> = voters.choose_multiple(rng, voters.len()).map(|it| (*it).clone()).collect();
    let (voting, remaining) = shuffled.split_at(ballot_count);
    let ballots = ballots(&campaign, &entry_ids, voting, now, rng);
    store(app, campaign.clone(), entries, ballots).await?;
    Ok(LiveVote { campaign, entries: entry_ids, simulated_voters: remaining.to_vec() })
}

/// Whether the member's token is printed.
pub(super) fn is_account(member: &Member) -> bool {
    ACCOUNTS.contains(&member.discord_username.as_str())
}

/// The members whose ballots the demo casts, in random order.
pub(super) fn simulated<'m>(members: impl Iterator<Item = &'m Member>) -> Vec<Member> {
    let mut members: Vec<Member> = members.filter(|it| !is_account(it)).cloned().collect();
    members.shuffle(&mut rand::rng());
    members
}

/// Builds `size` members and their characters: first the members of the file, then generated ones.
///
/// # Errors
/// If the file is malformed, or if `ranks` are not the ranks of a new guild.
pub fn roster(
    generated: &Generated,
    ranks: &[Rank],
    size: u32,
    password_hash: &str,
    now: Timestamp,
    rng: &mut StdRng,
) -> Result<(Vec<Member>, Vec<Character>), BoxError> {
    let file: DemoRoster = serde_json::from_str(MEMBERS)?;
    let templates: Vec<RosterCharacter> = file.members.iter().flat_map(|it| it.characters.clone()).collect();
    let names = Names::new(generated);
    let (mut members, mut characters) = (Vec::new(), Vec::new());
    let mut character_number = 0;
    for number in 0..usize::try_from(size)? {
        let person = if let Some(person) = file.members.get(number) {
            person
        } else {
            let alts = 1 + number % 4;
            let characters = (0..alts).map(|alt| {
                character_number += 1;
                let template = templates.choose(rng).ok_or("the demo has no characters")?;
                let realm = generated.realms.get(character_number % generated.realms.len());
                Ok(RosterCharacter {
                    name: names.get(character_number),
                    realm: realm.cloned().ok_or("the demo has no realms")?,
                    is_main: alt == 0,
                    ..template.clone()
                })
            });
            let rank = ["Member", "Veteran", "Member", "Member", "Initiate"].get(number % 5).unwrap_or(&"Member");
            &RosterMember {
                discord_username: format!("{}{number}", names.get(number).to_lowercase()),
                display_name: names.get(number),
                rank: (*rank).to_owned(),
                characters: characters.collect::<Result<_, BoxError>>()?,
            }
        };
        let rank = ranks.iter().find(|rank| rank.name == person.rank).ok_or("the demo's data names an unknown rank")?;
        let joined = now - TimeDelta::minutes(rng.random_range(1_000..500_000));
        let new = NewMember {
            discord_username: person.discord_username.clone(),
            discord_id: None,
            display_name: Some(person.display_name.clone()),
            rank: None,
        };
        let mut member = new.into_row(rank, joined)?;
        // Half of the initiates have no account yet.
        if rank.level > 1 || ACCOUNTS.contains(&person.discord_username.as_str()) || number % 2 == 0 {
            member.password_hash = Some(password_hash.to_owned());
            member.registered_at = Some(joined);
            member.last_seen_at = Some(now - TimeDelta::minutes(rng.random_range(1..20_000)));
        }
        characters.extend(person.characters.iter().map(|character| character_row(&member, character)));
        members.push(member);
    }
    Ok((members, characters))
}

fn character_row(member: &Member, character: &RosterCharacter) -> Character {
    Character {
        guild_id: member.guild_id,
        id: CharacterId::new(),
        member_id: member.id,
        name: character.name.clone(),
        name_key: text::key(&character.name),
        realm: character.realm.clone(),
        realm_key: text::realm_key(&character.realm),
        sort_key: text::sort_key(&[&character.name, &character.realm]),
        class: character.class,
        spec: Some(character.spec.clone()),
        role: character.role,
        is_main: character.is_main,
    }
}

/// Unique names by number.
struct Names(Vec<String>);

impl Names {
    fn new(generated: &Generated) -> Self {
        let mut seen = HashSet::new();
        let mut names = Vec::new();
        let middles = std::iter::once(String::new()).chain(generated.name_starts.iter().map(|it| it.to_lowercase()));
        for middle in middles {
            for end in &generated.name_ends {
                for start in &generated.name_starts {
                    let name = format!("{start}{middle}{end}");
                    if seen.insert(name.to_lowercase()) {
                        names.push(name);
                    }
                }
            }
        }
        Self(names)
    }

    fn get(&self, number: usize) -> String {
        let name = self.0.get(number % self.0.len().max(1)).cloned().unwrap_or_default();
        // After the last name they start again, with a suffix like a Roman numeral.
        format!("{name}{}", "i".repeat(number / self.0.len().max(1)))
    }
}

/// The campaigns of the file, after as many generated closed ones as the size requires.
fn campaigns(generated: &Generated, size: DemoSize, rng: &mut StdRng) -> Result<Vec<DemoCampaign>, BoxError> {
    let file: Vec<DemoCampaign> = serde_json::from_str(CAMPAIGNS)?;
    let more = usize::try_from(size.campaigns)?.saturating_sub(file.len());
    let mut campaigns = Vec::new();
    for number in 0..more {
        let count = rng.random_range(4..=10);
        let names: Vec<&String> = generated.entry_names.choose_multiple(rng, count).collect();
        let entry = |name: &String| CampaignEntry {
            name: name.clone(),
            description: generated.entry_descriptions.choose(rng).cloned().unwrap_or_default(),
            image_url: None,
            associated_member: None,
        };
        let title = generated.campaign_titles.get(number % generated.campaign_titles.len()).ok_or("no titles")?;
        let entries = names.into_iter().map(entry).collect();
        let description = generated.campaign_descriptions.choose(rng).cloned().unwrap_or_default();
        campaigns.push(DemoCampaign {
            title: format!("{title} ({})", number + 1),
            description,
            status: CampaignStatus::Closed,
            method: VotingMethod::Weighted,
            picks_per_voter: 3,
            seats: one(),
            min_rank_level_to_vote: 1,
            min_rank_level_to_view: None,
            started_days_ago: Some(45 + i64::try_from(more - number)?),
            duration_hours: 72,
            results_visibility: ResultsVisibility::AfterVoting,
            early_close_if_all_voted: true,
            announcements: AnnouncementLevel::Quiet,
            outcome: None,
            created_by: "officer".to_owned(),
            entries,
        });
    }
    campaigns.extend(file);
    Ok(campaigns)
}

/// The rows of a campaign, as if it had been created the day before its start.
fn rows_of(
    template: &DemoCampaign,
    guild: GuildId,
    members: &[Member],
    now: Timestamp,
) -> Result<(Campaign, Vec<Entry>), BoxError> {
    let by_name: HashMap<&str, &Member> = members.iter().map(|it| (it.discord_username.as_str(), it)).collect();
    let find =
        |name: &str| by_name.get(name).map(|member| member.id).ok_or("the demo's campaigns name an unknown member");
    let entry = |entry: &CampaignEntry| {
        Ok(NewEntry {
            name: entry.name.clone(),
            description: Some(entry.description.clone()),
            image_url: entry.image_url.clone(),
            associated_member: entry.associated_member.as_deref().map(find).transpose()?,
        })
    };
    let start_at = template.started_days_ago.map(|days| now - TimeDelta::days(days));
    let created_at = start_at.unwrap_or(now) - TimeDelta::days(1);
    let new = NewCampaign {
        title: template.title.clone(),
        description: Some(template.description.clone()),
        method: template.method,
        picks_per_voter: template.picks_per_voter,
        seats: template.seats,
        min_rank_level_to_vote: template.min_rank_level_to_vote,
        min_rank_level_to_view: template.min_rank_level_to_view,
        start_at,
        duration_hours: template.duration_hours,
        early_close_if_all_voted: template.early_close_if_all_voted,
        results_visibility: template.results_visibility,
        announcements: template.announcements,
        discord_channel_id: None,
        entries: template.entries.iter().map(entry).collect::<Result<_, BoxError>>()?,
    };
    let (mut campaign, entries) = new.into_rows(guild, Some(find(&template.created_by)?), created_at)?;
    campaign.status = template.status;
    campaign.outcome.clone_from(&template.outcome);
    Ok((campaign, entries))
}

/// Builds a random ballot for each voter. Some entries are more popular than others, so that the standings differ.
pub fn ballots(
    campaign: &Campaign,
    entries: &[EntryId],
    voters: &[Member],
    now: Timestamp,
    rng: &mut StdRng,
) -> Vec<Ballot> {
    let popularity: HashMap<EntryId, f64> = entries.iter().map(|entry| (*entry, rng.random_range(0.2..3.0))).collect();
    let picks = usize::try_from(campaign.picks_per_voter).unwrap_or_default();
    let (from, to) = (campaign.start_at.unwrap_or(now), campaign.closes_at.unwrap_or(now).min(now));
    let span = (to - from).num_seconds().max(1);
    let mut ballot = |voter: &Member| {
        let weight = |entry: &EntryId| popularity.get(entry).copied().unwrap_or(1.0);
        let picks = entries.choose_multiple_weighted(rng, picks, weight).map(|it| it.copied().collect());
        Ballot {
            campaign: campaign.id,
            member: voter.id,
            picks: picks.unwrap_or_default(),
            cast_at: from + TimeDelta::seconds(rng.random_range(0..span)),
            nonce: voting::new_nonce(),
        }
    };
    voters.iter().map(&mut ballot).collect()
}

/// Stores a campaign with its ballots, and the result if it is closed.
///
/// # Errors
/// A database error.
pub async fn store(app: &App, campaign: Campaign, entries: Vec<Entry>, ballots: Vec<Ballot>) -> Result<(), BoxError> {
    app.db
        .write(async move |conn| {
            let stored = match campaign.status {
                CampaignStatus::Closed => Campaign { status: CampaignStatus::Live, ..campaign.clone() },
                _ => campaign.clone(),
            };
            voting::store::insert_campaigns(conn, vec![stored.clone()]).await?;
            voting::store::insert_entries(conn, entries).await?;
            voting::store::insert_ballots(conn, campaign.guild_id, &ballots).await?;
            if campaign.status == CampaignStatus::Closed {
                let closed_at = campaign.closes_at.unwrap_or(campaign.created_at);
                voting::store_result(conn, stored.clone(), closed_at).await?;
                let closed = stored.closed(CampaignCloseReason::Deadline, closed_at);
                voting::store::update_campaign(conn, &closed).await?;
            }
            Ok(())
        })
        .await?;
    Ok(())
}
