//! Fills a guild: members with characters, and campaigns in every state with their ballots.

use chrono::TimeDelta;
use clap::Args;
use guildhall::{
    app::App,
    cli::{
        BoxError,
        demo::{self, Generated},
    },
    identity::{self, Member, Region},
    kernel::{
        clock::Timestamp,
        id::{EntryId, GuildId, MemberId},
    },
    voting::{
        AnnouncementLevel, Campaign, CampaignStatus, Entry, NewCampaign, NewEntry, ResultsVisibility, VotingMethod,
    },
};
use rand::{SeedableRng, rngs::StdRng, seq::IndexedRandom};

use crate::guild::{BenchGuild, new_slug};

/// Number of entries of a campaign.
const ENTRIES: usize = 10;

/// Size of the guild.
#[derive(Args, Clone, Copy)]
pub(crate) struct GuildSize {
    /// Number of members, in five ranks. Each has one to four characters, 2.5 on average, and one of them is the main.
    #[arg(long, value_name = "N", default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(40..=100_000))]
    pub(crate) members: u32,
    /// Number of campaigns, each with ten entries about members. Most are closed; the others are drafts, scheduled or live.
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(10..=10_000))]
    pub(crate) campaigns: u32,
    /// Number of ballots in all live and closed campaigns together. There are fewer if there are too few voters.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(0..=10_000_000))]
    pub(crate) ballots: u32,
}

/// A filled guild.
pub(crate) struct FilledGuild {
    pub(crate) guild: BenchGuild,
    /// A member of an ordinary rank, who sends the requests for pages.
    pub(crate) viewer: Member,
    /// A live campaign with weighted picks whose standings everyone sees.
    pub(crate) tallied: Campaign,
    /// A closed campaign of that kind, with the most ballots.
    pub(crate) closed: Campaign,
    /// The numbers of rows, as text.
    pub(crate) summary: String,
}

/// The state of a campaign.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CampaignState {
    Closed,
    Live,
    Scheduled,
    Draft,
}

pub(crate) async fn fill(app: &App, size: GuildSize) -> Result<FilledGuild, BoxError> {
    let generated = Generated::read()?;
    // The same guild each time, except for its ids.
    let mut rng = StdRng::seed_from_u64(7);
    let (guild, slug) = (GuildId::new(), new_slug());
    let (now, name) = (app.clock.now(), slug.clone());
    let founding = async move |conn: &mut _| identity::create_guild(conn, guild, &name, &name, Region::Us, now).await;
    let (_, ranks) = app.db.write(founding).await?;
    // No member signs in with a password.
    let (members, characters) = demo::roster(&generated, &ranks, size.members, "", now, &mut rng)?;
    let (rows, character_rows) = (members.clone(), characters);
    let characters = character_rows.len();
    app.db
        .write(async move |conn| {
            identity::store::insert_members(conn, rows).await?;
            Ok(identity::store::insert_characters(conn, character_rows).await?)
        })
        .await?;

    let states = states(usize::try_from(size.campaigns)?);
    let newest_live =
        states.iter().rposition(|state| *state == CampaignState::Live).ok_or("there is no live campaign")?;
    // Some campaigns are more popular than others. The one whose standings are requested is among the most popular.
    let popularity = |number: usize| if number == newest_live { 5 } else { 1 + number % 5 };
    let weight = |number: usize| u64::try_from(popularity(number)).unwrap_or_default();
    let voted = |(number, state): (usize, &CampaignState)| {
        matches!(state, CampaignState::Closed | CampaignState::Live).then(|| weight(number))
    };
    let weights: u64 = states.iter().enumerate().filter_map(voted).sum();
    let (mut tallied, mut closed, mut ballots) = (None, None, 0);
    for (number, state) in states.iter().enumerate() {
        let plan = CampaignPlan {
            number,
            age: i64::try_from(states.len() - number)?,
            state: *state,
            is_weighted_and_open: number == newest_live,
        };
        let (campaign, entries) = plan.campaign(&generated, &members, guild, now, &mut rng)?;
        let eligible = |it: &&Member| it.is_registered() && it.rank_level >= campaign.min_rank_level_to_vote;
        let voters: Vec<Member> = members.iter().filter(eligible).cloned().collect();
        let voter_count = voted((number, state)).map_or(0, |weight| u64::from(size.ballots) * weight / weights.max(1));
        // One voter does not vote, so that the campaign stays open.
        let voter_count = usize::try_from(voter_count)?.min(voters.len().saturating_sub(1));
        let voters: Vec<Member> = voters.choose_multiple(&mut rng, voter_count).cloned().collect();
        let order: Vec<EntryId> = entries.iter().map(|entry| entry.id).collect();
        let cast = demo::ballots(&campaign, &order, &voters, now, &mut rng);
        ballots += cast.len();
        if number == newest_live {
            tallied = Some((campaign.clone(), voter_count));
        }
        let is_result = campaign.method == VotingMethod::Weighted && campaign.min_rank_level_to_view.is_none();
        let is_larger = closed.as_ref().is_none_or(|(_, most)| *most <= voter_count);
        if *state == CampaignState::Closed && is_result && is_larger {
            closed = Some((campaign.clone(), voter_count));
        }
        demo::store(app, campaign, entries, cast).await?;
    }
    let (tallied, watched) = tallied.ok_or("there is no live campaign")?;
    let (closed, counted) = closed.ok_or("there is no closed campaign")?;
    let summary = format!(
        "{} members, {characters} characters, {} campaigns, {ballots} ballots ({watched} in the live and {counted} in the \
        closed campaign whose standings are requested)",
        members.len(),
        states.len(),
    );
    let viewer = members.iter().find(|it| it.discord_username == "member").cloned().ok_or("there is no member")?;
    let mut voters: Vec<Member> = members.into_iter().filter(Member::is_registered).collect();
    let non_voter = voters.pop().ok_or("the guild has no voters")?.id;
    let guild = BenchGuild { id: guild, slug, voters, non_voter };
    Ok(FilledGuild { guild, viewer, tallied, closed, summary })
}

/// The states of `count` campaigns, oldest first: 4 % are drafts, 4 % are scheduled and 6 % are live.
fn states(count: usize) -> Vec<CampaignState> {
    let share = |percent: usize| (count * percent / 100).max(1);
    let not_closed =
        [(CampaignState::Live, share(6)), (CampaignState::Scheduled, share(4)), (CampaignState::Draft, share(4))];
    let closed = count - not_closed.iter().map(|(_, count)| count).sum::<usize>();
    let states = [(CampaignState::Closed, closed)].into_iter().chain(not_closed);
    states.flat_map(|(state, count)| std::iter::repeat_n(state, count)).collect()
}

/// The parameters of a generated campaign.
struct CampaignPlan {
    number: usize,
    /// Number of campaigns that are not older, including this one.
    age: i64,
    state: CampaignState,
    /// Weighted picks, with standings that everyone sees.
    is_weighted_and_open: bool,
}

impl CampaignPlan {
    fn campaign(
        &self,
        generated: &Generated,
        members: &[Member],
        guild: GuildId,
        now: Timestamp,
        rng: &mut StdRng,
    ) -> Result<(Campaign, Vec<Entry>), BoxError> {
        let Self { number, age, state, is_weighted_and_open } = *self;
        let (start_at, created_at, status) = match state {
            CampaignState::Closed => {
                let start = now - TimeDelta::days(4 + age);
                (Some(start), start - TimeDelta::days(1), CampaignStatus::Closed)
            }
            CampaignState::Live => {
                (Some(now - TimeDelta::hours(age)), now - TimeDelta::hours(3 * age), CampaignStatus::Live)
            }
            CampaignState::Scheduled => {
                (Some(now + TimeDelta::days(age)), now - TimeDelta::minutes(age), CampaignStatus::Draft)
            }
            CampaignState::Draft => (None, now - TimeDelta::minutes(age), CampaignStatus::Draft),
        };
        let methods = [
            VotingMethod::Weighted,
            VotingMethod::Approval,
            VotingMethod::InstantRunoff,
            VotingMethod::Weighted,
            VotingMethod::Schulze,
            VotingMethod::SingleTransferableVote,
        ];
        let visibilities = [ResultsVisibility::Always, ResultsVisibility::AfterVoting, ResultsVisibility::AfterClose];
        let pick = |from: usize| number % from;
        let (method, results_visibility) = match (methods.get(pick(methods.len())), visibilities.get(pick(3))) {
            (Some(method), Some(visibility)) if !is_weighted_and_open => (*method, *visibility),
            _ => (VotingMethod::Weighted, ResultsVisibility::Always),
        };
        let names: Vec<&String> = generated.entry_names.choose_multiple(rng, ENTRIES).collect();
        let mut about: Vec<MemberId> = members.choose_multiple(rng, ENTRIES).map(|member| member.id).collect();
        let entry = |name: &&String| NewEntry {
            name: (*name).clone(),
            description: generated.entry_descriptions.choose(rng).cloned(),
            image_url: None,
            associated_member: about.pop(),
        };
        let entries = names.iter().map(entry).collect();
        let title =
            generated.campaign_titles.get(pick(generated.campaign_titles.len())).ok_or("there are no titles")?;
        let new = NewCampaign {
            title: format!("{title} ({})", number + 1),
            description: generated.campaign_descriptions.choose(rng).cloned(),
            method,
            picks_per_voter: 3,
            seats: if method.max_seats() > 1 { 2 } else { 1 },
            min_rank_level_to_vote: if number % 4 == 1 && !is_weighted_and_open { 2 } else { 1 },
            min_rank_level_to_view: (number % 8 == 1 && !is_weighted_and_open).then_some(2),
            start_at,
            duration_hours: if state == CampaignState::Closed { 72 } else { 24 * 30 },
            early_close_if_all_voted: true,
            results_visibility,
            announcements: AnnouncementLevel::Off,
            discord_channel_id: None,
            entries,
        };
        let officers: Vec<&Member> = members.iter().filter(|member| member.rank_level >= 4).collect();
        let officer = officers.choose(rng).map(|member| member.id);
        let (mut campaign, entries) = new.into_rows(guild, officer, created_at)?;
        campaign.status = status;
        Ok((campaign, entries))
    }
}
