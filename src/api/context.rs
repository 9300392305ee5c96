//! The context of one execution for its resolvers: guild, viewer and loaders.

use std::{
    borrow::Cow,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use async_graphql::Context;
use parking_lot::Mutex;
use tokio::sync::OnceCell;

use super::{
    auth_context::AuthContext,
    loaders::{CountPart, Loaders},
    merged_loads::MergedLoads,
    source_event::EventStream,
    tracked_viewer::TrackedViewer,
};
use crate::{
    access::Viewer,
    app::App,
    db::{ClientKey, Conn, Usage, Work},
    engine::Origin,
    identity::{self, Characters, Guild, Ladder, Member, MemberList, MemberPage, Rank, RosterVersion},
    kernel::{
        clock::Timestamp,
        error::{Code, Refusal, Result},
        id::{GuildId, MemberId, RankId},
    },
    voting::{Campaign, Tally, Turnout, are_on_one_ladder, cached_result, may_see},
};

/// Maximum number of values in all tables and files of a response. The document does not show their size, so its cost
/// excludes them. A single table or file may be larger.
const MAX_TABLE_VALUES: usize = 1_000_000;

/// The guild, viewer and loaders of one execution.
pub struct RequestContext {
    /// The server's parts.
    pub app: Arc<App>,
    /// The guild. Operations read no other guild.
    pub guild: GuildId,
    /// The client's address and user agent.
    pub origin: Arc<Origin>,
    /// Batched loaders.
    pub loaders: Loaders,
    viewer: TrackedViewer,
    /// Whether a mutation of this request has signed a member in.
    has_signed_in: AtomicBool,
    /// The time at which the request started.
    pub now: Timestamp,
    /// Whose use of the database this is.
    client: Option<ClientKey>,
    /// The guild's row once read; `None` in a mutation, which may change the row.
    guild_row: Option<OnceCell<Arc<Guild>>>,
    /// The version of the roster when this request read it first.
    roster_version: OnceLock<i64>,
    /// The merged loads; `None` in a mutation, whose fields load again what the fields before have changed.
    loads: Option<MergedLoads>,
    /// Number of values in the tables and files of this response so far.
    charged: AtomicUsize,
    /// The source stream of a subscription, once its field has created it.
    events: Mutex<Option<EventStream>>,
}

impl RequestContext {
    /// The context of one execution.
    pub fn new(auth: &AuthContext, is_mutation: bool) -> Self {
        let client = auth.client_key();
        let AuthContext { app, guild, origin, viewer } = auth.clone();
        let viewer = TrackedViewer::new(viewer);
        let loaders = Loaders::new(&app, guild, &viewer);
        let guild_row = (!is_mutation).then(OnceCell::new);
        let loads = (!is_mutation).then(MergedLoads::default);
        Self {
            now: app.clock.now(),
            client,
            loads,
            app,
            guild,
            origin,
            loaders,
            viewer,
            has_signed_in: AtomicBool::default(),
            guild_row,
            roster_version: OnceLock::new(),
            charged: AtomicUsize::default(),
            events: Mutex::default(),
        }
    }

    /// Loads the guild's row: once in a query, each time in a mutation.
    ///
    /// # Errors
    /// A database error.
    pub async fn guild_row(&self) -> Result<Arc<Guild>> {
        let read = async || self.loaders.guild.load_required(self.guild).await.map(Arc::new);
        match &self.guild_row {
            Some(row) => row.get_or_try_init(read).await.cloned(),
            None => read().await,
        }
    }

    /// Loads the guild's ladder.
    ///
    /// # Errors
    /// A database error.
    pub async fn ladder(&self) -> Result<Arc<Ladder>> {
        let guild = self.guild_row().await?;
        self.app.rosters.ladder(&self.app.db, &guild).await
    }

    /// Runs a load; in a query, once for each key, which says what it loads.
    ///
    /// # Errors
    /// Those of the load.
    pub async fn once<T>(&self, key: String, load: impl Future<Output = Result<T>> + Send + 'static) -> Result<T>
    where
        T: Clone + Send + Sync + 'static,
    {
        match &self.loads {
            Some(loads) => loads.once(key, load).await,
            None => load.await,
        }
    }

    /// Reads from the database by [`RequestContext::once`].
    ///
    /// # Errors
    /// Those of the read.
    pub async fn read_once<T, F>(&self, key: String, read: F) -> Result<T>
    where
        T: Clone + Send + Sync + 'static,
        F: for<'c> AsyncFnOnce(&'c mut Conn) -> Result<T>
            + for<'c> Work<&'c mut Conn, Result<T>, Fut: Send>
            + Send
            + 'static,
    {
        let db = self.app.db.clone();
        self.once(key, async move { db.read(read).await }).await
    }

    /// Like [`RequestContext::read_once`], for a search or a count that may read a whole guild ([`crate::db::Db::scan`]).
    ///
    /// # Errors
    /// Those of the read.
    pub async fn scan_once<T, F>(&self, key: String, read: F) -> Result<T>
    where
        T: Clone + Send + Sync + 'static,
        F: for<'c> AsyncFnOnce(&'c mut Conn) -> Result<T>
            + for<'c> Work<&'c mut Conn, Result<T>, Fut: Send>
            + Send
            + 'static,
    {
        let db = self.app.db.clone();
        self.once(key, async move { db.scan(read).await }).await
    }

    /// The use of the database by this execution, as one of its client.
    pub(super) fn usage(&self) -> Arc<Usage> {
        Arc::new(Usage::of_client(self.client))
    }

    /// Loads a rank that a foreign key refers to.
    ///
    /// # Errors
    /// A database error; internal if the rank does not exist.
    pub async fn rank(&self, id: RankId) -> Result<Arc<Rank>> {
        match self.ladder().await?.shared_rank(id) {
            Some(rank) => Ok(rank),
            // Created after the guild's row was read.
            None => self.loaders.rank.load_required(id).await.map(Arc::new),
        }
    }

    /// Loads a member.
    ///
    /// # Errors
    /// A database error.
    pub async fn member(&self, id: MemberId) -> Result<Option<Arc<Member>>> {
        let Some(version) = self.roster_version().await? else { return self.loaders.member.load(id).await };
        let rosters = &self.app.rosters;
        if let Some(member) = rosters.member(version, id) {
            return Ok(Some(member));
        }
        let member = self.loaders.member.load(id).await?;
        if let Some(member) = &member {
            rosters.insert_member(version, member);
        }
        Ok(member)
    }

    /// Loads a member's characters.
    ///
    /// # Errors
    /// A database error.
    pub async fn characters_of(&self, owner: MemberId) -> Result<Characters> {
        let load = async || Ok(self.loaders.characters_of.load(owner).await?.unwrap_or_default());
        let Some(version) = self.roster_version().await? else { return load().await };
        let rosters = &self.app.rosters;
        if let Some(characters) = rosters.characters(version, owner) {
            return Ok(characters);
        }
        let characters = load().await?;
        rosters.insert_characters(version, owner, &characters);
        Ok(characters)
    }

    /// Loads a part of a list of members.
    ///
    /// # Errors
    /// A database error.
    pub async fn member_page(&self, list: MemberList) -> Result<MemberPage> {
        let guild = self.guild_row().await?;
        let version = (guild.id, guild.roster_version);
        if let Some(members) = self.app.rosters.page(version, &list) {
            return Ok(members);
        }
        let (app, key) = (Arc::clone(&self.app), format!("{list:?}"));
        let load = async move {
            let (id, listed) = (version.0, list.clone());
            let read = async move |conn: &mut Conn| Ok(identity::store::list_members(conn, id, &listed).await?);
            let rows = if list.filter.may_scan() { app.db.scan(read).await? } else { app.db.read(read).await? };
            let members: MemberPage = rows.into_iter().map(|member| Arc::new(member.without_password())).collect();
            app.rosters.insert_page(version, &list, &members);
            Ok(members)
        };
        self.once(key, load).await
    }

    /// Loads the tally of a campaign. The caller checks whether the viewer may see it.
    ///
    /// # Errors
    /// A database error.
    pub async fn tally(&self, campaign: &Campaign) -> Result<Option<Arc<Tally>>> {
        if let Some(result) = cached_result(&self.app.voting.tallies, campaign) {
            return Ok(Some(Arc::new(result)));
        }
        let count = self.loaders.count.load((campaign.id, CountPart::Standings)).await?;
        Ok(count.and_then(|count| count.tally))
    }

    /// Loads the turnout of a campaign.
    ///
    /// # Errors
    /// A database error.
    pub async fn turnout(&self, campaign: &Campaign) -> Result<Turnout> {
        if let Some(result) = self.app.voting.tallies.result(campaign.id).filter(|_| campaign.has_result()) {
            return Ok(result.turnout);
        }
        let count = self.loaders.count.load((campaign.id, CountPart::Turnout)).await?;
        Ok(count.map(|count| count.turnout).unwrap_or_default())
    }

    /// The version at which cached rows of the roster are current. `None` in a mutation, which may change them.
    async fn roster_version(&self) -> Result<Option<RosterVersion>> {
        if self.guild_row.is_none() {
            return Ok(None);
        }
        let version = match self.roster_version.get() {
            Some(version) => *version,
            None => self.guild_row().await?.roster_version,
        };
        Ok(Some((self.guild, version)))
    }

    /// Takes the roster's version from campaigns of this request, which saves the reading of the guild's row.
    pub fn note_roster_version(&self, campaigns: &[Campaign]) {
        if let Some(campaign) = campaigns.first() {
            // The first version is as good as a later one.
            let _ = self.roster_version.set(campaign.roster_version);
        }
    }

    /// Runs an execution that has this context, and dispatches the batches of its loaders.
    pub async fn run<T>(&self, execution: impl Future<Output = T>) -> T {
        self.loaders.batches.run(execution).await
    }

    /// The guild and viewer that the client was authenticated for.
    pub fn auth(&self) -> AuthContext {
        let (app, origin) = (Arc::clone(&self.app), Arc::clone(&self.origin));
        AuthContext { app, guild: self.guild, origin, viewer: self.viewer() }
    }

    /// Charges a table or file with this number of values to the response's budget.
    ///
    /// # Errors
    /// `QUERY_TOO_COMPLEX` if the response's tables and files together are too large.
    pub fn charge_response_budget(&self, values: usize) -> Result<(), Refusal> {
        let before = self.charged.fetch_add(values, Ordering::Relaxed);
        if before == 0 || before.saturating_add(values) <= MAX_TABLE_VALUES {
            return Ok(());
        }
        let message = "The response would be too large: select fewer tables or files in one operation.";
        Err(Refusal::new(Code::QueryTooComplex, message))
    }

    /// The context of the request that is being resolved.
    pub fn of<'c>(ctx: &Context<'c>) -> &'c Self {
        ctx.data_unchecked::<Arc<Self>>()
    }

    /// The viewer, if signed in.
    pub fn viewer(&self) -> Option<Arc<Viewer>> {
        self.viewer.viewer().cloned()
    }

    /// The viewer.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` if not signed in.
    pub fn signed_in(&self) -> Result<Arc<Viewer>, Refusal> {
        self.viewer().ok_or_else(Refusal::sign_in)
    }

    /// The viewer with their rights of now, which this request's mutations may have changed. `None` if not signed in, or
    /// no longer.
    ///
    /// # Errors
    /// A database error.
    pub async fn current_viewer(&self) -> Result<Option<Arc<Viewer>>> {
        let Some(viewer) = self.viewer() else { return Ok(None) };
        match &self.guild_row {
            Some(_) => Ok(Some(viewer)),
            None => self.loaders.current_viewer.load(viewer.member).await,
        }
    }

    /// A campaign and the viewer, for a decision that compares their rank levels. If the ladder has changed between their
    /// reads, both are read again, in one snapshot.
    ///
    /// # Errors
    /// A database error; `UNAUTHENTICATED` when the viewer is read again and their token has been revoked.
    pub async fn on_one_ladder<'c>(
        &self,
        campaign: Cow<'c, Campaign>,
    ) -> Result<(Cow<'c, Campaign>, Option<Arc<Viewer>>)> {
        let viewer = self.viewer();
        if viewer.as_ref().is_none_or(|viewer| are_on_one_ladder(&campaign, viewer)) {
            return Ok((campaign, viewer));
        }
        // A campaign that has been deleted is returned as it is: the rules then admit no one.
        let again = self.loaders.campaign_with_viewer.load(campaign.id).await?;
        Ok(again.map_or((campaign, viewer), |(campaign, viewer)| (Cow::Owned(campaign), Some(viewer))))
    }

    /// The campaign, if the viewer may see it.
    ///
    /// # Errors
    /// As for [`RequestContext::on_one_ladder`].
    pub async fn if_visible(&self, campaign: Option<Campaign>) -> Result<Option<Campaign>> {
        let Some(campaign) = campaign else { return Ok(None) };
        self.note_roster_version(std::slice::from_ref(&campaign));
        let (campaign, viewer) = self.on_one_ladder(Cow::Owned(campaign)).await?;
        Ok(may_see(&campaign, viewer.as_deref()).then(|| campaign.into_owned()))
    }

    /// The level of the rank that a bound of a campaign stands for.
    ///
    /// # Errors
    /// A database error.
    pub async fn level_of_bound(&self, campaign: &Campaign, bound: i64) -> Result<i64> {
        let guild = self.guild_row().await?;
        if guild.ladder_version != campaign.ladder_version {
            // Each change of the ladder makes bounds the levels of their ranks.
            return Ok(bound);
        }
        Ok(self.app.rosters.ladder(&self.app.db, &guild).await?.level_of_bound(bound))
    }

    /// Whether the client sees Discord usernames, and who is registered: members do, visitors don't.
    pub fn sees_usernames(&self) -> bool {
        self.has_signed_in.load(Ordering::Relaxed) || self.viewer().is_some()
    }

    /// Records that a mutation of this request has signed a member in, whom its response shows.
    pub fn record_sign_in(&self) {
        self.has_signed_in.store(true, Ordering::Relaxed);
    }

    /// Whether the response is the same for every viewer, because no resolver read the viewer.
    pub(super) fn is_viewer_independent(&self) -> bool {
        !self.viewer.was_read()
    }

    /// Stores the source stream that a subscription's field has created.
    pub(super) fn set_events(&self, events: EventStream) {
        *self.events.lock() = Some(events);
    }

    /// Takes the source stream, if a field has created one.
    pub(super) fn take_events(&self) -> Option<EventStream> {
        self.events.lock().take()
    }
}
