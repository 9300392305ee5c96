//! Batched loaders: one statement loads all keys that the fields of one level request.
//!
//! Nothing is cached beyond its batch, so a mutation's response includes its changes, and each event of a subscription
//! shows current data.

use std::{collections::HashMap, hash::Hash, sync::Arc};

use futures_util::future::{BoxFuture, FutureExt, Shared};
use parking_lot::Mutex;

use super::{batch::BatchScheduler, tracked_viewer::TrackedViewer};
use crate::{
    access::Viewer,
    app::App,
    audit::{self, AuditEvent, AuditScope},
    auth::{self, OpenInvite, Session},
    db::Db,
    identity::{self, Character, Characters, Guild, Member, Rank},
    kernel::{
        clock::Timestamp,
        error::{Error, Result},
        id::{AuditEventId, CampaignId, CharacterId, EntryId, GuildId, MemberId, MessageId, RankId, SessionId},
    },
    outbox::{self, Message},
    voting::{
        self, Ballot, BallotBox, BallotBoxCache, Campaign, Entries, Entry, Participation, Tally, TallyCache, Turnout,
    },
};

/// Maximum number of keys in one statement. SQLite binds at most 32,766 values.
const MAX_KEYS: usize = 20_000;

/// A part of a campaign's count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CountPart {
    /// The turnout.
    Turnout,
    /// The standings, which include the turnout.
    Standings,
}

/// The count of a campaign.
#[derive(Clone)]
pub struct Count {
    /// The turnout.
    pub turnout: Turnout,
    /// The standings, if they were requested.
    pub tally: Option<Arc<Tally>>,
}

/// A query that loads values for a batch of keys.
pub trait Fetch: Send + 'static {
    /// The key.
    type Key: Copy + Ord + Hash + std::fmt::Debug + Send + Sync + 'static;
    /// The value of a key.
    type Value: Clone + Send + Sync + 'static;

    /// Loads the values of these keys. Keys without a value are absent from the map.
    fn fetch(
        db: &Db,
        scope: LoadScope,
        keys: Vec<Self::Key>,
    ) -> impl Future<Output = Result<HashMap<Self::Key, Self::Value>>> + Send;
}

/// The guild, viewer and time for which a batch is loaded.
#[derive(Clone)]
pub struct LoadScope {
    guild: GuildId,
    viewer: TrackedViewer,
    tallies: Arc<TallyCache>,
    boxes: Arc<BallotBoxCache>,
    now: Timestamp,
}

impl LoadScope {
    fn viewer(&self) -> Option<MemberId> {
        self.viewer.viewer().map(|viewer| viewer.member)
    }
}

/// What all loaders of an execution share.
struct Execution {
    app: Arc<App>,
    guild: GuildId,
    viewer: TrackedViewer,
    batches: BatchScheduler,
}

/// Loads values by key, in batches.
pub struct Loader<F: Fetch> {
    execution: Arc<Execution>,
    batch: Arc<Mutex<Batch<F>>>,
}

/// The keys that the current level has requested.
struct Batch<F: Fetch> {
    keys: Vec<F::Key>,
    /// The result for all fields that wait for it, from the first key on.
    result: Option<Shared<BoxFuture<'static, BatchResult<F>>>>,
}

type BatchResult<F> = Result<Arc<HashMap<<F as Fetch>::Key, <F as Fetch>::Value>>>;

impl<F: Fetch> Loader<F> {
    fn new(execution: &Arc<Execution>) -> Self {
        let batch = Arc::new(Mutex::new(Batch { keys: Vec::new(), result: None }));
        Self { execution: Arc::clone(execution), batch }
    }

    /// Loads the value of a key, if there is one.
    ///
    /// # Errors
    /// A database error.
    pub async fn load(&self, key: F::Key) -> Result<Option<F::Value>> {
        let result = {
            let mut batch = self.batch.lock();
            batch.keys.push(key);
            batch.result.get_or_insert_with(|| self.enqueue_batch()).clone()
        };
        Ok(result.await?.get(&key).cloned())
    }

    /// Loads the value of a key that a foreign key refers to.
    ///
    /// # Errors
    /// A database error; internal if there is no value.
    pub async fn load_required(&self, key: F::Key) -> Result<F::Value> {
        self.load(key).await?.ok_or_else(|| Error::internal(format!("the row of {key:?} is missing")))
    }

    /// Loads the keys that are requested until the current level is dispatched.
    fn enqueue_batch(&self) -> Shared<BoxFuture<'static, BatchResult<F>>> {
        // A weak reference, because the batch holds this future.
        let (execution, batch) = (Arc::clone(&self.execution), Arc::downgrade(&self.batch));
        let load = async move {
            let _ticket = execution.batches.enqueue().await;
            let mut keys = match batch.upgrade() {
                Some(batch) => {
                    let mut batch = batch.lock();
                    batch.result = None;
                    std::mem::take(&mut batch.keys)
                }
                None => Vec::new(),
            };
            keys.sort_unstable();
            keys.dedup();
            let (viewer, voting) = (execution.viewer.clone(), &execution.app.voting);
            let (tallies, boxes) = (Arc::clone(&voting.tallies), Arc::clone(&voting.boxes));
            let scope = LoadScope { guild: execution.guild, viewer, tallies, boxes, now: execution.app.clock.now() };
            let mut values = HashMap::with_capacity(keys.len());
            for keys in keys.chunks(MAX_KEYS) {
                values.extend(F::fetch(&execution.app.db, scope.clone(), keys.to_vec()).await?);
            }
            Ok(Arc::new(values))
        };
        load.boxed().shared()
    }
}

macro_rules! loaders {
    ($($(#[$doc:meta])* $field:ident: $name:ident($key:ty => $value:ty) = $access:ident |$conn:ident, $scope:ident, $keys:ident| $body:expr;)*
     @cached { $($(#[$other_doc:meta])* $other_field:ident: $other:ident;)* }) => {
        $(
            $(#[$doc])*
            pub struct $name;

            impl Fetch for $name {
                type Key = $key;
                type Value = $value;

                async fn fetch(db: &Db, $scope: LoadScope, $keys: Vec<$key>) -> Result<HashMap<$key, $value>> {
                    db.$access(async move |$conn| Ok($body)).await
                }
            }
        )*

        /// The loaders of an execution.
        pub struct Loaders {
            $($(#[$doc])* pub $field: Loader<$name>,)*
            $($(#[$other_doc])* pub $other_field: Loader<$other>,)*
            /// Dispatches the batches of all loaders.
            pub(super) batches: BatchScheduler,
        }

        impl Loaders {
            /// Loaders of one guild.
            pub fn new(app: &Arc<App>, guild: GuildId, viewer: &TrackedViewer) -> Self {
                let (app, batches) = (Arc::clone(app), BatchScheduler::default());
                let execution = Arc::new(Execution { app, guild, viewer: viewer.clone(), batches: batches.clone() });
                Self { $($field: Loader::new(&execution),)* $($other_field: Loader::new(&execution),)* batches }
            }
        }
    };
}

loaders! {
    /// The guild by its id.
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
    /// Number of active members of a rank.
    members_of_rank: MembersOfRank(RankId => i64) = read |conn, scope, keys| {
        identity::store::members_per_rank(conn, scope.guild, &keys).await?.into_iter().collect()
    };
    /// Ranks that members hold, active or not.
    held_rank: HeldRank(RankId => ()) = read |conn, scope, keys| {
        identity::store::held_ranks(conn, scope.guild, &keys).await?.into_iter().map(|id| (id, ())).collect()
    };
    /// The viewer with their rights of now, unless their token has been revoked.
    current_viewer: CurrentViewer(MemberId => Arc<Viewer>) = read |conn, scope, _keys| {
        match scope.viewer.viewer() {
            Some(viewer) => match viewer.confirm(conn).await {
                Ok(current) => HashMap::from([(current.member, Arc::new(current))]),
                Err(Error::Refused(_)) => HashMap::new(),
                Err(error) => return Err(error),
            },
            None => HashMap::new(),
        }
    };
    /// Members by id.
    member: MemberById(MemberId => Arc<Member>) = read |conn, scope, keys| {
        let members = identity::store::members_by_id(conn, scope.guild, &keys).await?;
        members.into_iter().map(|member| (member.id, Arc::new(member.without_password()))).collect()
    };
    /// The times when members were last seen, which change without a new version of the roster.
    last_seen: LastSeen(MemberId => Timestamp) = read |conn, scope, keys| {
        identity::store::last_seen(conn, scope.guild, &keys).await?.into_iter().collect()
    };
    /// Members to whom votes or the audit log refer.
    member_in_use: MemberInUse(MemberId => ()) = read |conn, scope, keys| {
        identity::members_in_use(conn, scope.guild, &keys).await?.into_iter().map(|id| (id, ())).collect()
    };
    /// Open invites of members. The caller checks whether the viewer may see them.
    open_invite: OpenInviteOf(MemberId => OpenInvite) = snapshot |conn, scope, keys| {
        auth::open_invites(conn, scope.guild, &keys, scope.now).await?
    };
    /// Characters of a member, their main first.
    characters_of: CharactersOf(MemberId => Characters) = read |conn, scope, keys| {
        let characters = grouped(identity::store::characters_of(conn, scope.guild, &keys).await?, |it| it.member_id);
        characters.into_iter().map(|(owner, of_it)| (owner, of_it.into())).collect()
    };
    /// Characters by id.
    character: CharacterById(CharacterId => Character) = read |conn, scope, keys| {
        by(identity::store::characters_by_id(conn, scope.guild, &keys).await?, |it| it.id)
    };
    /// Campaigns by id. The caller checks whether the viewer may see them.
    campaign: CampaignById(CampaignId => Campaign) = read |conn, scope, keys| {
        by(voting::store::campaigns_by_id(conn, scope.guild, &keys).await?, |campaign| campaign.id)
    };
    /// Campaigns, and the viewer in the same snapshot ([`super::context::RequestContext::on_one_ladder`]).
    campaign_with_viewer: CampaignWithViewer(CampaignId => (Campaign, Arc<Viewer>)) = snapshot |conn, scope, keys| {
        match scope.viewer.viewer() {
            Some(viewer) => {
                let viewer = Arc::new(viewer.confirm(conn).await?);
                let campaigns = voting::store::campaigns_by_id(conn, scope.guild, &keys).await?;
                campaigns.into_iter().map(|campaign| (campaign.id, (campaign, Arc::clone(&viewer)))).collect()
            }
            None => HashMap::new(),
        }
    };
    /// Entries of a campaign, in their order.
    entries_of: EntriesOf(CampaignId => Entries) = read |conn, scope, keys| {
        let entries = grouped(voting::store::entries_of(conn, scope.guild, &keys).await?, |it| it.campaign_id);
        entries.into_iter().map(|(id, of_it)| (id, of_it.into_iter().map(Arc::new).collect())).collect()
    };
    /// Entries by id. The caller checks whether the viewer may see their campaign.
    entry: EntryById(EntryId => Entry) = read |conn, scope, keys| {
        by(voting::store::entries_by_id(conn, scope.guild, &keys).await?, |entry| entry.id)
    };
    /// Counts of campaigns: the stored result of a closed campaign, a current count of others. All parts are of one
    /// snapshot.
    count: CountOf((CampaignId, CountPart) => Count) = snapshot |conn, scope, keys| {
        let mut ids: Vec<CampaignId> = keys.iter().map(|(id, _)| *id).collect();
        ids.dedup();
        let campaigns = voting::store::campaigns_by_id(conn, scope.guild, &ids).await?;
        let (to_count, others): (Vec<_>, Vec<_>) =
            campaigns.into_iter().partition(|it| keys.binary_search(&(it.id, CountPart::Standings)).is_ok());
        let tallies = voting::tallies(conn, Some(&scope.tallies), scope.guild, to_count, scope.now).await?;
        let turnouts = voting::turnouts(conn, Some(&scope.tallies), scope.guild, &others).await?;
        let counted = tallies.into_iter().map(|(id, tally)| (id, tally.turnout, Some(Arc::new(tally))));
        let counted = counted.chain(turnouts.into_iter().map(|(id, turnout)| (id, turnout, None)));
        let parts = [CountPart::Turnout, CountPart::Standings];
        let of_parts = counted.flat_map(|(id, turnout, tally)| {
            parts.map(|part| ((id, part), Count { turnout, tally: tally.clone() }))
        });
        of_parts.collect()
    };
    /// Whether the listed order decided the results of closed campaigns.
    decided_by_order: DecidedByOrder(CampaignId => bool) = snapshot |conn, scope, keys| {
        let campaigns = voting::store::campaigns_by_id(conn, scope.guild, &keys).await?;
        voting::decided_results(conn, scope.guild, &campaigns).await?
    };
    /// Participations of members in the campaigns that the viewer can see. The caller checks whether the viewer may see
    /// them.
    participation: ParticipationOf(MemberId => Participation) = snapshot |conn, scope, keys| {
        match scope.viewer() {
            Some(viewer) => voting::participations(conn, scope.guild, viewer, &keys).await?,
            None => HashMap::new(),
        }
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
    /// Events of the audit log by id, if the viewer may see them.
    audit_event: AuditEventById(AuditEventId => AuditEvent) = read |conn, scope, keys| {
        match scope.viewer.viewer().filter(|viewer| viewer.may(audit::VIEW)) {
            Some(viewer) => {
                let audit_scope = AuditScope::from(&**viewer);
                by(audit::store::events_by_id(conn, scope.guild, &audit_scope, &keys).await?, |event| event.id)
            }
            None => HashMap::new(),
        }
    };
    /// Undelivered messages to Discord by id. The caller checks whether the viewer may see them.
    discord_message: DiscordMessageById(MessageId => Message) = read |conn, scope, keys| {
        by(outbox::store::messages_by_id(conn, scope.guild, &keys).await?, |message| message.id)
    };
    @cached {
        /// Ballot boxes of closed campaigns.
        ballot_box: BallotBoxOf;
    }
}

/// Loads ballot boxes, from the cache or the database.
pub struct BallotBoxOf;

impl Fetch for BallotBoxOf {
    type Key = CampaignId;
    type Value = Arc<BallotBox>;

    async fn fetch(db: &Db, scope: LoadScope, keys: Vec<CampaignId>) -> Result<HashMap<CampaignId, Arc<BallotBox>>> {
        voting::cached_ballot_boxes(db, &scope.boxes, scope.guild, keys).await
    }
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
