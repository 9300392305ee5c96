//! Batched loading: what the fields of one level ask for one by one is loaded in one statement.
//!
//! Nothing is cached beyond the batch, so a mutation's answer shows what it did, and a subscription what is true now.

use std::{collections::HashMap, hash::Hash, marker::PhantomData, sync::Arc};

use dataloader::{BatchFn, non_cached::Loader};

use super::{caller::Asked, rounds::Rounds};
use crate::{
    app::App,
    audit::{self, AuditEvent},
    auth::{self, Session},
    clock::{Clock, Instant},
    db::Db,
    discord::{self, Message},
    error::{Error, Result},
    id::{AuditEventId, CampaignId, CharacterId, DiscordMessageId, EntryId, GuildId, MemberId, RankId, SessionId},
    identity::{self, Character, Guild, Member, Rank},
    voting::{self, Ballot, BallotBox, Campaign, Counts, Entry, Participation, Tally, Turnout},
};

/// More keys than a page of campaigns has entries: one batch holds all that a page asks for.
const MAX_BATCH: usize = 20_000;

/// A batched look-up by `Key`.
pub trait Fetch: Send + 'static {
    /// What is looked up by.
    type Key: Copy + Eq + Hash + std::fmt::Debug + Send + Sync + 'static;
    /// What is found.
    type Value: Clone + Send + 'static;

    /// Loads what is found of these keys.
    fn fetch(
        db: &Db,
        scope: Scope,
        keys: Vec<Self::Key>,
    ) -> impl Future<Output = Result<HashMap<Self::Key, Self::Value>>> + Send;
}

/// Within which a batch looks things up.
#[derive(Clone)]
pub struct Scope {
    guild: GuildId,
    viewer: Asked,
    counts: Arc<Counts>,
    now: Instant,
}

impl Scope {
    fn viewer(&self) -> Option<MemberId> {
        self.viewer.viewer().map(|viewer| viewer.member)
    }
}

/// A [`Fetch`] as the batching library knows it.
pub struct Batch<F> {
    db: Db,
    clock: Clock,
    guild: GuildId,
    viewer: Asked,
    counts: Arc<Counts>,
    fetch: PhantomData<fn() -> F>,
}

type Found<F> = Result<Option<<F as Fetch>::Value>>;

impl<F: Fetch> BatchFn<F::Key, Found<F>> for Batch<F> {
    async fn load(&mut self, keys: &[F::Key]) -> HashMap<F::Key, Found<F>> {
        let (viewer, counts) = (self.viewer.clone(), Arc::clone(&self.counts));
        let scope = Scope { guild: self.guild, viewer, counts, now: self.clock.now() };
        match F::fetch(&self.db, scope, keys.to_vec()).await {
            Ok(mut found) => keys.iter().map(|key| (*key, Ok(found.remove(key)))).collect(),
            Err(error) => keys.iter().map(|key| (*key, Err(error.clone()))).collect(),
        }
    }
}

/// Loads by key, in batches.
pub struct Load<F: Fetch> {
    loader: Loader<F::Key, Found<F>, Batch<F>>,
    rounds: Rounds,
}

impl<F: Fetch> Load<F> {
    fn new(app: &App, guild: GuildId, viewer: &Asked, rounds: &Rounds) -> Self {
        let (db, clock, counts) = (app.db.clone(), app.clock.clone(), Arc::clone(&app.counts));
        let batch = Batch { db, clock, guild, viewer: viewer.clone(), counts, fetch: PhantomData };
        let loader = Loader::new(batch).with_max_batch_size(MAX_BATCH).with_yield_count(1);
        Self { loader, rounds: rounds.clone() }
    }

    /// What is found of the key, if anything.
    ///
    /// # Errors
    /// The database's.
    pub async fn maybe(&self, key: F::Key) -> Result<Option<F::Value>> {
        let _place = self.rounds.join().await;
        self.loader.try_load(key).await.map_err(Error::internal)?
    }

    /// What is found of a key that the database holds to be there.
    ///
    /// # Errors
    /// The database's; internal when it is not there.
    pub async fn one(&self, key: F::Key) -> Result<F::Value> {
        self.maybe(key).await?.ok_or_else(|| Error::internal(format!("{key:?} is referred to and not there")))
    }
}

macro_rules! loaders {
    ($($(#[$doc:meta])* $field:ident: $name:ident($key:ty => $value:ty) = $access:ident |$conn:ident, $scope:ident, $keys:ident| $body:expr;)*) => {
        $(
            $(#[$doc])*
            pub struct $name;

            impl Fetch for $name {
                type Key = $key;
                type Value = $value;

                async fn fetch(db: &Db, $scope: Scope, $keys: Vec<$key>) -> Result<HashMap<$key, $value>> {
                    db.$access(async move |$conn| Ok($body)).await
                }
            }
        )*

        /// The loaders of a request.
        pub struct Loaders {
            $($(#[$doc])* pub $field: Load<$name>,)*
            /// When they load.
            pub(super) rounds: Rounds,
        }

        impl Loaders {
            /// Loaders that look only into this guild.
            pub fn new(app: &App, guild: GuildId, viewer: &Asked) -> Self {
                let rounds = Rounds::default();
                Self { $($field: Load::new(app, guild, viewer, &rounds),)* rounds }
            }
        }
    };
}

loaders! {
    /// The guild itself.
    guild: GuildById(GuildId => Guild) = read |conn, _scope, keys| {
        let mut guilds = HashMap::new();
        for id in keys {
            guilds.extend(identity::store::guild(conn, id).await?.map(|guild| (id, guild)));
        }
        guilds
    };
    /// Ranks by id.
    rank: RankById(RankId => Rank) = read |conn, scope, keys| {
        by(identity::store::ranks_by_id(conn, scope.guild, &keys).await?, |rank| rank.id)
    };
    /// How many active members hold a rank.
    members_of_rank: MembersOfRank(RankId => i64) = read |conn, scope, keys| {
        identity::store::members_per_rank(conn, scope.guild, &keys).await?.into_iter().collect()
    };
    /// Members by id.
    member: MemberById(MemberId => Member) = read |conn, scope, keys| {
        by(identity::store::members_by_id(conn, scope.guild, &keys).await?, |member| member.id)
    };
    /// Characters of a member, their main first.
    characters_of: CharactersOf(MemberId => Vec<Character>) = read |conn, scope, keys| {
        grouped(identity::store::characters_of(conn, scope.guild, &keys).await?, |it| it.member_id)
    };
    /// Characters by id.
    character: CharacterById(CharacterId => Character) = read |conn, scope, keys| {
        by(identity::store::characters_by_id(conn, scope.guild, &keys).await?, |it| it.id)
    };
    /// Campaigns by id, whoever may see them.
    campaign: CampaignById(CampaignId => Campaign) = read |conn, scope, keys| {
        by(voting::store::campaigns_by_id(conn, scope.guild, &keys).await?, |campaign| campaign.id)
    };
    /// Entries of a campaign, in their order.
    entries_of: EntriesOf(CampaignId => Vec<Entry>) = read |conn, scope, keys| {
        grouped(voting::store::entries_of(conn, scope.guild, &keys).await?, |it| it.campaign_id)
    };
    /// Entries by id, whoever may see their campaign.
    entry: EntryById(EntryId => Entry) = read |conn, scope, keys| {
        by(voting::store::entries_by_id(conn, scope.guild, &keys).await?, |entry| entry.id)
    };
    /// Turnouts: of a campaign that is over its last, of others as it is.
    turnout: TurnoutOf(CampaignId => Turnout) = snapshot |conn, scope, keys| {
        let campaigns = voting::store::campaigns_by_id(conn, scope.guild, &keys).await?;
        voting::turnouts(conn, Some(&scope.counts), scope.guild, &campaigns).await?
    };
    /// Tallies: of a campaign that is over its result, of others a count.
    tally: TallyOf(CampaignId => Arc<Tally>) = snapshot |conn, scope, keys| {
        let campaigns = voting::store::campaigns_by_id(conn, scope.guild, &keys).await?;
        let tallies = voting::tallies(conn, Some(&scope.counts), scope.guild, campaigns, scope.now).await?;
        tallies.into_iter().map(|(id, tally)| (id, Arc::new(tally))).collect()
    };
    /// Ballot boxes of campaigns that are over.
    ballot_box: BallotBoxOf(CampaignId => Arc<BallotBox>) = snapshot |conn, scope, keys| {
        let campaigns = voting::store::campaigns_by_id(conn, scope.guild, &keys).await?;
        let boxes = voting::ballot_boxes(conn, scope.guild, campaigns).await?;
        boxes.into_iter().map(|(id, of)| (id, Arc::new(of))).collect()
    };
    /// In which votes a member voted, of those they could, whoever may know it.
    participation: ParticipationOf(MemberId => Participation) = snapshot |conn, scope, keys| {
        voting::participations(conn, scope.guild, &keys).await?
    };
    /// The viewer's own ballot in a campaign.
    viewer_ballot: ViewerBallot(CampaignId => Ballot) = read |conn, scope, keys| {
        match scope.viewer() {
            Some(viewer) => by(voting::store::ballots_by(conn, scope.guild, viewer, &keys).await?, |it| it.campaign),
            None => HashMap::new(),
        }
    };
    /// The viewer's own sessions by id.
    session: OwnSession(SessionId => Session) = read |conn, scope, _keys| {
        match scope.viewer() {
            Some(viewer) => by(auth::store::sessions_of(conn, scope.guild, viewer, scope.now).await?, |it| it.id),
            None => HashMap::new(),
        }
    };
    /// Entries of the audit log by id, whoever may see them.
    audit_event: AuditEventById(AuditEventId => AuditEvent) = read |conn, scope, keys| {
        by(audit::store::events_by_id(conn, scope.guild, &keys).await?, |event| event.id)
    };
    /// Messages on their way to Discord by id, whoever may see them.
    discord_message: DiscordMessageById(DiscordMessageId => Message) = read |conn, scope, keys| {
        by(discord::store::messages_by_id(conn, scope.guild, &keys).await?, |message| message.id)
    };
}

fn by<K: Eq + Hash, V>(rows: Vec<V>, key: impl Fn(&V) -> K) -> HashMap<K, V> {
    rows.into_iter().map(|row| (key(&row), row)).collect()
}

fn grouped<K: Eq + Hash, V>(rows: Vec<V>, key: impl Fn(&V) -> K) -> HashMap<K, Vec<V>> {
    let mut groups: HashMap<K, Vec<V>> = HashMap::new();
    for row in rows {
        groups.entry(key(&row)).or_default().push(row);
    }
    groups
}
