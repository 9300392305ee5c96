//! Batched loading: what the fields of one level ask for one by one is loaded in one statement.
//!
//! Nothing is cached beyond the batch, so a mutation's answer shows what it did, and a subscription what is true now.

use std::{collections::HashMap, hash::Hash, sync::Arc};

use futures_util::future::{BoxFuture, FutureExt, Shared};
use parking_lot::Mutex;

use super::{batch::BatchScheduler, tracked_viewer::TrackedViewer};
use crate::{
    app::App,
    audit::{self, AuditEvent, AuditScope},
    auth::{self, Session},
    db::Db,
    identity::{self, Character, Guild, Member, Rank},
    kernel::{
        clock::Timestamp,
        error::{Error, Result},
        id::{AuditEventId, CampaignId, CharacterId, EntryId, GuildId, MemberId, MessageId, RankId, SessionId},
    },
    outbox::{self, Message},
    voting::{self, Ballot, BallotBox, Campaign, Entries, Entry, Participation, Tally, TallyCache, Turnout},
};

/// Most keys of a statement: SQLite binds no more than 32,766 values.
const MAX_KEYS: usize = 20_000;

/// A batched look-up by `Key`.
pub trait Fetch: Send + 'static {
    /// What is looked up by.
    type Key: Copy + Ord + Hash + std::fmt::Debug + Send + Sync + 'static;
    /// What is found.
    type Value: Clone + Send + Sync + 'static;

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
    viewer: TrackedViewer,
    counts: Arc<TallyCache>,
    now: Timestamp,
}

impl Scope {
    fn viewer(&self) -> Option<MemberId> {
        self.viewer.viewer().map(|viewer| viewer.member)
    }
}

/// Whose loaders they are.
struct Owner {
    app: Arc<App>,
    guild: GuildId,
    viewer: TrackedViewer,
    batches: BatchScheduler,
}

/// Loads by key, in batches.
pub struct Load<F: Fetch> {
    owner: Arc<Owner>,
    asked: Arc<Mutex<Batch<F>>>,
}

/// What is asked for in the present round.
struct Batch<F: Fetch> {
    keys: Vec<F::Key>,
    /// What comes of it, for all who ask: there is one from the first key on.
    found: Option<Shared<BoxFuture<'static, Loaded<F>>>>,
}

type Loaded<F> = Result<Arc<HashMap<<F as Fetch>::Key, <F as Fetch>::Value>>>;

impl<F: Fetch> Load<F> {
    fn new(owner: &Arc<Owner>) -> Self {
        let asked = Arc::new(Mutex::new(Batch { keys: Vec::new(), found: None }));
        Self { owner: Arc::clone(owner), asked }
    }

    /// What is found of the key, if anything.
    ///
    /// # Errors
    /// The database's.
    pub async fn maybe(&self, key: F::Key) -> Result<Option<F::Value>> {
        let found = {
            let mut batch = self.asked.lock();
            batch.keys.push(key);
            batch.found.get_or_insert_with(|| self.begin()).clone()
        };
        Ok(found.await?.get(&key).cloned())
    }

    /// What is found of a key that the database holds to be there.
    ///
    /// # Errors
    /// The database's; internal when it is not there.
    pub async fn one(&self, key: F::Key) -> Result<F::Value> {
        self.maybe(key).await?.ok_or_else(|| Error::internal(format!("{key:?} is referred to and not there")))
    }

    /// Loads what has been asked for by the end of the round.
    fn begin(&self) -> Shared<BoxFuture<'static, Loaded<F>>> {
        // What is asked for holds this, so this must not hold that.
        let (owner, asked) = (Arc::clone(&self.owner), Arc::downgrade(&self.asked));
        let load = async move {
            let _ticket = owner.batches.enqueue().await;
            let mut keys = match asked.upgrade() {
                Some(asked) => {
                    let mut batch = asked.lock();
                    batch.found = None;
                    std::mem::take(&mut batch.keys)
                }
                None => Vec::new(),
            };
            keys.sort_unstable();
            keys.dedup();
            let (viewer, counts) = (owner.viewer.clone(), Arc::clone(&owner.app.voting.tallies));
            let scope = Scope { guild: owner.guild, viewer, counts, now: owner.app.clock.now() };
            let mut found = HashMap::with_capacity(keys.len());
            for keys in keys.chunks(MAX_KEYS) {
                found.extend(F::fetch(&owner.app.db, scope.clone(), keys.to_vec()).await?);
            }
            Ok(Arc::new(found))
        };
        load.boxed().shared()
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
            pub(super) batches: BatchScheduler,
        }

        impl Loaders {
            /// Loaders that look only into this guild.
            pub fn new(app: &Arc<App>, guild: GuildId, viewer: &TrackedViewer) -> Self {
                let (app, batches) = (Arc::clone(app), BatchScheduler::default());
                let owner = Arc::new(Owner { app, guild, viewer: viewer.clone(), batches: batches.clone() });
                Self { $($field: Load::new(&owner),)* batches }
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
    /// Mains of members, of those who have one.
    main_of: MainOf(MemberId => Character) = read |conn, scope, keys| {
        by(identity::store::mains_of(conn, scope.guild, &keys).await?, |it| it.member_id)
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
    entries_of: EntriesOf(CampaignId => Entries) = read |conn, scope, keys| {
        let entries = grouped(voting::store::entries_of(conn, scope.guild, &keys).await?, |it| it.campaign_id);
        entries.into_iter().map(|(id, of_it)| (id, of_it.into_iter().map(Arc::new).collect())).collect()
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
    /// Entries of the audit log by id, of those that the viewer may see.
    audit_event: AuditEventById(AuditEventId => AuditEvent) = read |conn, scope, keys| {
        match scope.viewer.viewer().filter(|viewer| viewer.may(audit::VIEW)) {
            Some(viewer) => {
                let shown = AuditScope::from(&**viewer);
                by(audit::store::events_by_id(conn, scope.guild, &shown, &keys).await?, |event| event.id)
            }
            None => HashMap::new(),
        }
    };
    /// Messages on their way to Discord by id, whoever may see them.
    discord_message: DiscordMessageById(MessageId => Message) = read |conn, scope, keys| {
        by(outbox::store::messages_by_id(conn, scope.guild, &keys).await?, |message| message.id)
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
