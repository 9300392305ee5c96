//! What can be said of the database, of either kind.

use std::path::{Path, PathBuf};

use diesel::QueryResult;
use rustix::fs::{Access, AtFlags, CWD, accessat, statfs, statvfs};

use super::report::DoctorReport;
use crate::{
    db::{DatabaseUrl, Probe, SchemaState},
    kernel::clock::Clock,
};

const CHECK: &str = "database";

/// The oldest PostgreSQL that has what the migrations and the statements use; and the oldest that the suite is run on.
const OLDEST: u32 = 13;
const OLDEST_TESTED: u32 = 15;
/// How far the clocks may be apart, beside the time a question takes, in milliseconds.
const APART: i64 = 2_000;
/// Too little room to go on, and little of it, in MiB.
const NO_ROOM: u64 = 64;
const LITTLE_ROOM: u64 = 1_024;
/// File systems over a network, or made by a program, by their numbers in Linux: NFS, SMB, CIFS, 9P and FUSE.
const FAR_AWAY: [(u32, &str); 5] =
    [(0x6969, "NFS"), (0xFE53_4D42, "SMB"), (0xFF53_4D42, "CIFS"), (0x0102_1997, "9P"), (0x6573_5546, "FUSE")];

/// What the servers need of the database.
pub(super) struct Requirements<'a> {
    /// Most connections of each server.
    pub connections: u32,
    pub servers: u32,
    /// The default guild's slug.
    pub guild: Option<&'a str>,
}

/// Looks at the database as far as it can be looked at.
pub(super) async fn check(report: &mut DoctorReport, url: &DatabaseUrl, required: &Requirements<'_>, clock: &Clock) {
    let is_there = match url.file() {
        Some(file) => file_system(report, &file),
        None => true,
    };
    if !is_there {
        return report.ok(CHECK, format!("{url} is not there yet: the first start makes it"));
    }
    let mut probe = match Probe::open(url, false).await {
        Ok(probe) => probe,
        Err(error) => return report.fail(CHECK, format!("{url} cannot be reached: {error}"), unreachable(url)),
    };
    let looked = match url {
        DatabaseUrl::Sqlite(path) => sqlite(report, &mut probe, path).await,
        DatabaseUrl::Postgres { .. } => postgres(report, &mut probe, url, required, clock).await,
    };
    let looked = match looked {
        Ok(()) => schema(report, &mut probe, required).await,
        Err(error) => Err(error),
    };
    if let Err(error) = looked {
        let remedy = match url {
            DatabaseUrl::Sqlite(_) => {
                "if it is not a Guildhall database, name another in DATABASE_URL; otherwise restore a backup"
            }
            DatabaseUrl::Postgres { .. } => {
                "see the log of PostgreSQL, what the user in DATABASE_URL may do, and whether somebody holds a lock"
            }
        };
        report.fail(CHECK, format!("{url} cannot be read: {error}"), remedy);
    }
}

fn unreachable(url: &DatabaseUrl) -> &'static str {
    match url {
        DatabaseUrl::Sqlite(_) => "let the server's user read and write the file and its directory",
        DatabaseUrl::Postgres { .. } => {
            "see that PostgreSQL runs, that host, port, name, user and password in DATABASE_URL are right, and that it \
             does not insist on TLS, which Guildhall does not speak to it"
        }
    }
}

/// Whether there is a file; and what is around it.
fn file_system(report: &mut DoctorReport, file: &Path) -> bool {
    let directory = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let name = directory.display();
    if !directory.is_dir() {
        report.fail(CHECK, format!("the directory {name} is not there"), format!("make it: mkdir -p {name}"));
        return false;
    }
    let writable = |path: &Path| accessat(CWD, path, Access::WRITE_OK, AtFlags::EACCESS);
    // SQLite keeps its log beside the file.
    for path in [directory.as_path(), file].into_iter().filter(|path| path.exists()) {
        if let Err(error) = writable(path) {
            let message = format!("{} cannot be written: {error}", path.display());
            report.fail(CHECK, message, "let the server's user write the file and its directory");
        }
    }
    if let Ok(room) = statvfs(&directory) {
        let mib = room.f_bavail.saturating_mul(room.f_frsize) / (1_024 * 1_024);
        let message = format!("{mib} MiB are free in {name}");
        match mib {
            0..NO_ROOM => report.fail("disk", message, "make room: without it nothing can be written"),
            NO_ROOM..LITTLE_ROOM => report.warn("disk", message, "make room before it runs out"),
            _ => report.ok("disk", message),
        }
    }
    if let Ok(found) = statfs(&directory)
        && let Some((_, kind)) = FAR_AWAY.iter().find(|(number, _)| i128::from(found.f_type) == i128::from(*number))
    {
        let message = format!("{name} is on {kind}, where SQLite's locks may not hold");
        report.warn("disk", message, "keep the file on a disk of this machine, or use PostgreSQL");
    }
    file.exists()
}

async fn sqlite(report: &mut DoctorReport, probe: &mut Probe, path: &str) -> QueryResult<()> {
    let [mode, version] = &probe
        .values("SELECT journal_mode AS value FROM pragma_journal_mode UNION ALL SELECT sqlite_version()")
        .await?[..]
    else {
        return Err(diesel::result::Error::NotFound);
    };
    report.ok(CHECK, format!("sqlite://{path} is read by SQLite {version}"));
    if mode != "wal" {
        let message = format!("the file's journal is {mode}, not wal");
        report.warn(
            CHECK,
            message,
            "start the server once, which sets it; if this stays, the file system cannot do it",
        );
    }
    let problems = probe.values("SELECT quick_check AS value FROM pragma_quick_check LIMIT 5").await?;
    match &problems[..] {
        [fine] if fine == "ok" => report.ok(CHECK, "quick_check finds no damage"),
        _ => {
            let said = problems.join("; ");
            report.fail(
                CHECK,
                format!("the file is damaged: {said}"),
                "end the server, keep a copy, and restore a backup",
            );
        }
    }
    Ok(())
}

const OF_POSTGRES: &str = "SELECT unnest(ARRAY[
        current_setting('server_version'), current_setting('server_version_num'), current_setting('server_encoding'),
        (extract(epoch FROM clock_timestamp()) * 1000)::bigint::text,
        (pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean)::text,
        least(current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer
            - coalesce(current_setting('reserved_connections', true), '0')::integer,
            nullif(r.rolconnlimit, -1), nullif(d.datconnlimit, -1))::text,
        coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)::text
    ]) AS value
    FROM pg_roles r, pg_database d WHERE r.rolname = current_user AND d.datname = current_database()";

/// Tables of ours that this user may not use.
const FORBIDDEN: &str = "SELECT c.relname::text AS value FROM pg_class c
    WHERE c.oid IN (to_regclass('guilds'), to_regclass('members'), to_regclass('ballots'), to_regclass('__diesel_schema_migrations'))
    AND NOT (has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
        AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE'))";

async fn postgres(
    report: &mut DoctorReport,
    probe: &mut Probe,
    url: &DatabaseUrl,
    required: &Requirements<'_>,
    clock: &Clock,
) -> QueryResult<()> {
    let asked = clock.now();
    let found = probe.values(OF_POSTGRES).await?;
    let answered = clock.now();
    let [version, number, encoding, time, read_only, room, may_create] = &found[..] else {
        return Err(diesel::result::Error::NotFound);
    };
    let number = number.parse::<u32>().unwrap_or_default() / 10_000;
    let said = format!("{url} is PostgreSQL {version}");
    if number < OLDEST {
        report.fail(CHECK, said, format!("PostgreSQL {OLDEST} is needed, and {OLDEST_TESTED} or newer wanted"));
    } else if number < OLDEST_TESTED {
        report.warn(CHECK, said, format!("use {OLDEST_TESTED} or newer: Guildhall is not tested on older ones"));
    } else {
        report.ok(CHECK, said);
    }
    if encoding != "UTF8" {
        report.fail(
            CHECK,
            format!("the database's encoding is {encoding}"),
            "make one with ENCODING 'UTF8' TEMPLATE template0",
        );
    }
    if read_only == "true" {
        let remedy = "name the primary, or all hosts with ?target_session_attrs=read-write";
        report.fail(CHECK, "this PostgreSQL takes no changes: it is a standby, or set to be read only", remedy);
    }
    let between = asked + (answered - asked) / 2;
    let apart = time.parse::<i64>().unwrap_or_default() - between.and_utc().timestamp_millis();
    if apart.abs() > APART + (answered - asked).num_milliseconds() {
        let message = format!("the database's clock is {apart} ms from this machine's");
        report.warn("clock", message, "keep all machines in step by NTP: a deadline is judged by the server's clock");
    } else {
        report.ok("clock", "the database's clock is in step with this machine's");
    }
    rights(report, probe, may_create == "true").await?;
    let DatabaseUrl::Postgres { direct, .. } = url else { return Ok(()) };
    if direct.is_none() {
        connections(report, room.parse().unwrap_or_default(), required);
    }
    listening(report, probe, url).await
}

async fn rights(report: &mut DoctorReport, probe: &mut Probe, may_create: bool) -> QueryResult<()> {
    const CHECK: &str = "rights";
    let forbidden = probe.values(FORBIDDEN).await?;
    if !may_create {
        let remedy = "let the user own the database, or GRANT CREATE ON SCHEMA public TO it";
        report.fail(CHECK, "the user may not make tables, as migrations do", remedy);
    }
    if !forbidden.is_empty() {
        let message = format!("the user may not read and write {}", forbidden.join(", "));
        report.fail(CHECK, message, "use the user that made the tables, or let them be owned by this one");
    }
    if may_create && forbidden.is_empty() {
        report.ok(CHECK, "the user may make tables, and use those that are there");
    }
    Ok(())
}

/// Each server has a pool of connections, and one to listen.
fn connections(report: &mut DoctorReport, room: u32, required: &Requirements<'_>) {
    const CHECK: &str = "room";
    let each = required.connections + 1;
    let (fit, servers) = (room / each, required.servers);
    let message =
        format!("PostgreSQL has {room} connections for this user, which are enough for {fit} servers of {each}");
    let remedy = "lower --max-connections, raise max_connections of PostgreSQL, or use a pooler (docs/scaling.md)";
    if fit < servers {
        report.fail(CHECK, format!("{message}, not for {servers}"), remedy);
    } else if fit == servers && room - fit * each < 2 {
        report.warn(CHECK, format!("{message}, and leave none for other commands"), remedy);
    } else {
        report.ok(CHECK, message);
    }
}

/// Whether what is said over the one URL is heard over the other: also, whether both are the same database.
async fn listening(report: &mut DoctorReport, probe: &mut Probe, url: &DatabaseUrl) -> QueryResult<()> {
    const CHECK: &str = "listening";
    let mut listener = match Probe::open(url, true).await {
        Ok(listener) => listener,
        Err(error) => {
            report.fail(CHECK, format!("GUILDHALL_DIRECT_URL cannot be reached: {error}"), unreachable(url));
            return Ok(());
        }
    };
    if listener.receives_from(probe).await? {
        report.ok(CHECK, "what is told is heard (LISTEN and NOTIFY)");
    } else {
        let remedy = "behind a pooler, set GUILDHALL_DIRECT_URL to the same database around it (docs/scaling.md)";
        report.fail(CHECK, "LISTEN hears nothing of NOTIFY: servers would not hear each other", remedy);
    }
    Ok(())
}

async fn schema(report: &mut DoctorReport, probe: &mut Probe, required: &Requirements<'_>) -> QueryResult<()> {
    const CHECK: &str = "schema";
    match probe.schema().await? {
        SchemaState::Current => {
            report.ok(CHECK, "the newest");
            return guilds(report, probe, required).await;
        }
        SchemaState::Missing => report.ok(CHECK, "none yet: the first start makes it"),
        SchemaState::Outdated(pending) => {
            let message = format!("migrations that the next start runs: {}", pending.join(", "));
            report.warn(CHECK, message, "make a backup first");
        }
        SchemaState::Newer(unknown) => {
            let message = format!("migrations of a newer guildhall were run: {}", unknown.join(", "));
            report.fail(CHECK, message, "use that version, or restore the backup from before it");
        }
    }
    Ok(())
}

async fn guilds(report: &mut DoctorReport, probe: &mut Probe, required: &Requirements<'_>) -> QueryResult<()> {
    const CHECK: &str = "guild";
    let slugs = probe.values("SELECT slug AS value FROM guilds ORDER BY created_at, id").await?;
    match (required.guild, &slugs[..]) {
        (required, []) => {
            let remedy = format!("guildhall bootstrap --guild {} --leader …", required.unwrap_or("SLUG"));
            report.warn(CHECK, "there is no guild yet", remedy);
        }
        (Some(required), there) if !there.iter().any(|slug| slug == required) => {
            let remedy = "set GUILDHALL_DEFAULT_GUILD to the slug of one that is there, or make this one by `guildhall bootstrap`";
            report.fail(CHECK, format!("there is no guild {required}, which is to be the default"), remedy);
        }
        (required, [oldest, ..]) => {
            let default = required.unwrap_or(oldest);
            report.ok(CHECK, format!("{default} serves requests that name none (of {} in all)", slugs.len()));
        }
    }
    Ok(())
}
