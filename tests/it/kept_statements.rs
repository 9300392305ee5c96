//! A connection keeps each statement that it has prepared, whatever the length of a list in it.

use std::sync::{Arc, Mutex};

use diesel::connection::InstrumentationEvent;
use diesel_async::AsyncConnection;
use guildhall::{
    audit::{self, AuditScope},
    db::{CampaignStatus, Conn},
    identity::store,
    kernel::{
        id::{AuditEventId, CharacterId, MemberId, RankId},
        page::Page,
    },
    voting::{self, CampaignFilter, CampaignOrder},
};

use crate::support::{TestApp, on_both};

#[on_both]
async fn a_statement_for_lists_of_any_length_is_prepared_once(app: TestApp) {
    let guild = app.guild("gg").await.id;
    // The statements that ran, and those that the connection has kept.
    let statements = Arc::new(Mutex::new((Vec::new(), Vec::new())));
    let seen = Arc::clone(&statements);
    let read = async move |conn: &mut Conn| {
        let record = move |event: InstrumentationEvent<'_>| match event {
            InstrumentationEvent::StartQuery { query, .. } => {
                let text = query.to_string();
                seen.lock().unwrap().0.push(text.split(" -- binds: ").next().unwrap_or_default().to_owned());
            }
            InstrumentationEvent::CacheQuery { sql, .. } => seen.lock().unwrap().1.push(sql.to_owned()),
            _ => {}
        };
        match conn {
            Conn::Sqlite(conn) => conn.set_instrumentation(record),
            Conn::Postgres(conn) => conn.set_instrumentation(record),
        }
        let statuses = [CampaignStatus::Draft, CampaignStatus::Live, CampaignStatus::Closed, CampaignStatus::Archived];
        let page = Page { size: 25, backward: false, after: None, before: None };
        for length in 1..=4 {
            let ids = 1..=i64::try_from(length).unwrap();
            let members: Vec<MemberId> = ids.clone().map(MemberId).collect();
            store::members_by_id(conn, guild, &members).await?;
            store::characters_of(conn, guild, &members).await?;
            store::characters_by_id(conn, guild, &ids.clone().map(CharacterId).collect::<Vec<_>>()).await?;
            store::ranks_by_id(conn, guild, &ids.clone().map(RankId).collect::<Vec<_>>()).await?;
            voting::participations(conn, guild, MemberId(1), &members).await?;
            let events: Vec<AuditEventId> = ids.map(AuditEventId).collect();
            audit::store::events_by_id(conn, guild, &AuditScope::All, &events).await?;
            let filter = CampaignFilter { status: Some(statuses[..length].to_vec()), ..CampaignFilter::default() };
            voting::list_campaigns(conn, guild, &filter, CampaignOrder::default(), &page).await?;
        }
        Ok(())
    };
    app.app.db.read(read).await.unwrap();
    let (ran, kept) = &*statements.lock().unwrap();
    let prepared_again: Vec<_> = ran.iter().filter(|statement| !kept.contains(statement)).collect();
    assert!(prepared_again.is_empty(), "{prepared_again:#?}");
    assert!(ran.len() == 4 * kept.len(), "{} runs of {} statements", ran.len(), kept.len());
}

/// Without this option, SQLite prepares each statement with a bound `LIMIT` again whenever it runs.
#[on_both]
async fn sqlite_keeps_a_plan_for_all_bound_values(app: TestApp) {
    if app.app.db.is_shared() {
        return;
    }
    let options = app.count_rows("pragma_compile_options WHERE compile_options = 'ENABLE_QPSG'").await;
    assert_eq!(options, 1);
}
