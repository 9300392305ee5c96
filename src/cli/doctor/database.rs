//! Checks the database, SQLite or PostgreSQL.

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use diesel::QueryResult;
use rustix::fs::{Access, AtFlags, CWD, accessat, statfs, statvfs};

use super::{names, report::DoctorReport};
use crate::{
    db::{DatabaseUrl, Probe, SchemaState},
    kernel::clock::Clock,
};

const CHECK: &str = "database";

/// The oldest PostgreSQL that supports the migrations and the statements.
const OLDEST_SUPPORTED: u32 = 13;
/// The oldest PostgreSQL that the tests run on.
const OLDEST_TESTED: u32 = 15;
/// Maximum difference between the clocks, beyond the duration of a query, in milliseconds.
const MAX_CLOCK_DIFFERENCE: i64 = 2_000;
/// With less free disk space than this, in MiB, the check fails.
const DISK_FULL: u64 = 64;
/// With less free disk space than this, in MiB, the check warns.
const DISK_LOW: u64 = 1_024;
/// File systems over a network or in user space, by their magic numbers in Linux: NFS, SMB, CIFS, 9P and FUSE.
const REMOTE_FILE_SYSTEMS: [(u32, &str); 5] =
    [(0x6969, "NFS"), (0xFE53_4D42, "SMB"), (0xFF53_4D42, "CIFS"), (0x0102_1997, "9P"), (0x6573_5546, "FUSE")];

/// The servers' requirements of the database.
pub(super) struct Requirements<'a> {
    /// Maximum number of connections of each server.
    pub connections: u32,
    pub servers: u32,
    /// The default guild's slug.
    pub guild: Option<&'a str>,
}

/// Checks the database as far as it can be read.
pub(super) async fn check(report: &mut DoctorReport, url: &DatabaseUrl, required: &Requirements<'_>, clock: &Clock) {
    let exists = match url.file() {
        Some(file) => file_system(report, &file),
        None => true,
    };
    if !exists {
        return report.ok(CHECK, format!("{url} does not exist yet: the first start creates it"));
    }
    let mut probe = match Probe::open(url, false).await {
        Ok(probe) => probe,
        Err(error) => return report.fail(CHECK, format!("{url} cannot be reached: {error}"), unreachable(url)),
    };
    let checked = match url {
        DatabaseUrl::Sqlite(path) => sqlite(report, &mut probe, path).await,
        DatabaseUrl::Postgres { .. } => postgres(report, &mut probe, url, required, clock).await,
    };
    let checked = match checked {
        Ok(()) => schema(report, &mut probe, required).await,
        Err(error) => Err(error),
    };
    if let Err(error) = checked {
        let remedy = match url {
            DatabaseUrl::Sqlite(_) => {
                "if it is not a Guildhall database, set DATABASE_URL to another; otherwise restore a backup"
            }
            DatabaseUrl::Postgres { .. } => {
                "check PostgreSQL's log, the privileges of the user in DATABASE_URL, and whether another session holds a lock"
            }
        };
        report.fail(CHECK, format!("{url} cannot be read: {error}"), remedy);
    }
}

fn unreachable(url: &DatabaseUrl) -> &'static str {
    match url {
        DatabaseUrl::Sqlite(_) => "let the server's user read and write the file and its directory",
        DatabaseUrl::Postgres { .. } => {
            "check that PostgreSQL runs, and that host, port, name, user, password, sslmode and sslrootcert in DATABASE_URL \
             are right"
        }
    }
}

/// Checks the file, its directory and its file system. Returns whether the file exists.
fn file_system(report: &mut DoctorReport, file: &Path) -> bool {
    let directory = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let name = directory.display();
    if !directory.is_dir() {
        report.fail(CHECK, format!("the directory {name} does not exist"), format!("create it: mkdir -p {name}"));
        return false;
    }
    let writable = |path: &Path| accessat(CWD, path, Access::WRITE_OK, AtFlags::EACCESS);
    // SQLite keeps its log next to the file.
    for path in [directory.as_path(), file].into_iter().filter(|path| path.exists()) {
        if let Err(error) = writable(path) {
            let message = format!("{} cannot be written: {error}", path.display());
            report.fail(CHECK, message, "let the server's user write the file and its directory");
        }
    }
    if let Ok(found) = file.metadata()
        && found.permissions().mode() & 0o077 != 0
    {
        let (message, remedy) = (format!("{} can be read by others", file.display()), "chmod 600 the file and its log");
        report.warn(CHECK, message, remedy);
    }
    if let Ok(disk) = statvfs(&directory) {
        let mib = disk.f_bavail.saturating_mul(disk.f_frsize) / (1_024 * 1_024);
        let message = format!("{mib} MiB are free in {name}");
        match mib {
            0..DISK_FULL => report.fail("disk", message, "free some space: without it nothing can be written"),
            DISK_FULL..DISK_LOW => report.warn("disk", message, "free some space before it runs out"),
            _ => report.ok("disk", message),
        }
    }
    if let Ok(found) = statfs(&directory)
        && let Some((_, kind)) =
            REMOTE_FILE_SYSTEMS.iter().find(|(number, _)| i128::from(found.f_type) == i128::from(*number))
    {
        let message = format!("{name} is on {kind}, where SQLite's locks can fail");
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
        let message = format!("the file's journal mode is {mode}, not wal");
        report.warn(
            CHECK,
            message,
            "start the server once, which sets it; if it does not change, the file system does not support it",
        );
    }
    let problems = probe.values("SELECT quick_check AS value FROM pragma_quick_check LIMIT 5").await?;
    match &problems[..] {
        [result] if result == "ok" => report.ok(CHECK, "quick_check finds no damage"),
        _ => {
            let problems = problems.join("; ");
            report.fail(
                CHECK,
                format!("the file is damaged: {problems}"),
                "stop the server, keep a copy of the file, and restore a backup",
            );
        }
    }
    Ok(())
}

const SERVER_INFO: &str = "SELECT unnest(ARRAY[
        current_setting('server_version'), current_setting('server_version_num'), current_setting('server_encoding'),
        (extract(epoch FROM clock_timestamp()) * 1000)::bigint::text,
        (pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean)::text,
        least(current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer
            - coalesce(current_setting('reserved_connections', true), '0')::integer,
            nullif(r.rolconnlimit, -1), nullif(d.datconnlimit, -1))::text,
        coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)::text, current_setting('lc_messages')
    ]) AS value
    FROM pg_roles r, pg_database d WHERE r.rolname = current_user AND d.datname = current_database()";

/// Selects Guildhall's tables that the user cannot both read and write.
const INACCESSIBLE_TABLES: &str = "SELECT c.relname::text AS value FROM pg_class c
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
    let sent_at = clock.now();
    let found = probe.values(SERVER_INFO).await?;
    let received_at = clock.now();
    let [version, number, encoding, time, read_only, limit, may_create, language] = &found[..] else {
        return Err(diesel::result::Error::NotFound);
    };
    let number = number.parse::<u32>().unwrap_or_default() / 10_000;
    let message = format!("{url} is PostgreSQL {version}");
    if number < OLDEST_SUPPORTED {
        report.fail(CHECK, message, format!("use PostgreSQL {OLDEST_TESTED} or newer, or at least {OLDEST_SUPPORTED}"));
    } else if number < OLDEST_TESTED {
        report.warn(CHECK, message, format!("use {OLDEST_TESTED} or newer: Guildhall is not tested on older ones"));
    } else {
        report.ok(CHECK, message);
    }
    if encoding != "UTF8" {
        report.fail(
            CHECK,
            format!("the database's encoding is {encoding}"),
            "create a database with ENCODING 'UTF8' TEMPLATE template0",
        );
    }
    if read_only == "true" {
        let remedy = "set DATABASE_URL to the primary, or to all hosts with ?target_session_attrs=read-write";
        report.fail(CHECK, "this PostgreSQL is read-only: it is a standby, or configured so", remedy);
    }
    if !["C", "POSIX", "en"].iter().any(|english| language.starts_with(english)) && !language.is_empty() {
        let remedy = "as a superuser, ALTER ROLE … SET lc_messages = 'C' for the user in DATABASE_URL";
        report.warn(CHECK, format!("PostgreSQL's messages are in {language}, so deadlocks are not recognised"), remedy);
    }
    let middle = sent_at + (received_at - sent_at) / 2;
    let difference = time.parse::<i64>().unwrap_or_default() - middle.and_utc().timestamp_millis();
    if difference.abs() > MAX_CLOCK_DIFFERENCE + (received_at - sent_at).num_milliseconds() {
        let message = format!("the database's clock differs from this machine's by {difference} ms");
        report.warn(
            "clock",
            message,
            "synchronize all machines by NTP: deadlines are compared with the server's clock",
        );
    } else {
        report.ok("clock", "the database's clock agrees with this machine's");
    }
    if number >= OLDEST_TESTED {
        collation(report, probe).await?;
    }
    encryption(report, probe, url);
    privileges(report, probe, may_create == "true").await?;
    let DatabaseUrl::Postgres { direct, .. } = url else { return Ok(()) };
    if direct.is_none() {
        connections(report, limit.parse().unwrap_or_default(), required);
    }
    listening(report, probe, url).await
}

/// Selects the version of the database's collation when it was created, and the system's, if they differ.
const CHANGED_COLLATION: &str = "SELECT coalesce(datcollversion, 'none') || ', and the system now has version '
        || coalesce(pg_database_collation_actual_version(oid), 'none') AS value
    FROM pg_database WHERE datname = current_database()
    AND datcollversion IS DISTINCT FROM pg_database_collation_actual_version(oid)";

/// Checks that the system's collation has not changed, by which PostgreSQL sorts texts outside Guildhall's indexes.
async fn collation(report: &mut DoctorReport, probe: &mut Probe) -> QueryResult<()> {
    const CHECK: &str = "collation";
    match &probe.values(CHANGED_COLLATION).await?[..] {
        [] => report.ok(CHECK, "the system sorts texts as when the database was created"),
        changed => {
            let message = format!("the database was created with collation version {}", changed.join("; "));
            let remedy = "run ALTER DATABASE … REFRESH COLLATION VERSION; Guildhall's own indexes do not depend on it, but \
                REINDEX those of other programs first";
            report.warn(CHECK, message, remedy);
        }
    }
    Ok(())
}

/// Checks that the connection to another machine is encrypted.
fn encryption(report: &mut DoctorReport, probe: &Probe, url: &DatabaseUrl) {
    const CHECK: &str = "tls";
    let DatabaseUrl::Postgres { url, .. } = url else { return };
    let is_encrypted = matches!(probe, Probe::Postgres { is_encrypted: true, .. });
    match url.remote_host() {
        _ if is_encrypted && url.verifies_server() => {
            report.ok(CHECK, "the connection is encrypted, and the server's certificate is verified");
        }
        _ if is_encrypted => report.ok(CHECK, "the connection is encrypted; the server's certificate is not verified"),
        Some(host) => {
            let message =
                format!("the connection to {host} is not encrypted: others on its way can read and change it");
            let remedy = "let PostgreSQL accept TLS, and add ?sslmode=verify-full&sslrootcert=FILE to DATABASE_URL \
                (docs/postgresql.md)";
            report.warn(CHECK, message, remedy);
        }
        None => report.ok(CHECK, "the connection does not leave this machine"),
    }
}

async fn privileges(report: &mut DoctorReport, probe: &mut Probe, may_create: bool) -> QueryResult<()> {
    const CHECK: &str = "rights";
    let inaccessible = probe.values(INACCESSIBLE_TABLES).await?;
    if !may_create {
        let remedy = "let the user own the database, or GRANT CREATE ON SCHEMA public TO it";
        report.fail(CHECK, "the user cannot create tables, which migrations need", remedy);
    }
    if !inaccessible.is_empty() {
        let message = format!("the user cannot read and write {}", inaccessible.join(", "));
        report.fail(CHECK, message, "use the user that owns the tables, or make this user their owner");
    }
    if may_create && inaccessible.is_empty() {
        report.ok(CHECK, "the user can create tables, and read and write the existing ones");
    }
    Ok(())
}

/// Checks that there are enough connections. Each server has a pool of them, and one to listen.
fn connections(report: &mut DoctorReport, limit: u32, required: &Requirements<'_>) {
    const CHECK: &str = "room";
    let each = required.connections + 1;
    let (fit, servers) = (limit / each, required.servers);
    let message = format!("PostgreSQL allows this user {limit} connections, enough for {fit} servers with {each} each");
    let remedy = "lower --max-connections, raise max_connections of PostgreSQL, or use a pooler (docs/scaling.md)";
    if fit < servers {
        report.fail(CHECK, format!("{message}, not for {servers}"), remedy);
    } else if fit == servers && limit - fit * each < 2 {
        report.warn(CHECK, format!("{message}, and leave none for other commands"), remedy);
    } else {
        report.ok(CHECK, message);
    }
}

/// Checks that the direct connection receives notifications from the other one, which also shows that both are the same
/// database.
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
        report.ok(CHECK, "notifications arrive (LISTEN and NOTIFY)");
    } else {
        let remedy =
            "behind a pooler, set GUILDHALL_DIRECT_URL to the same database without the pooler (docs/scaling.md)";
        report.fail(CHECK, "LISTEN does not receive NOTIFY: servers could not notify each other", remedy);
    }
    Ok(())
}

async fn schema(report: &mut DoctorReport, probe: &mut Probe, required: &Requirements<'_>) -> QueryResult<()> {
    const CHECK: &str = "schema";
    match probe.schema().await? {
        SchemaState::Current => {
            report.ok(CHECK, "the newest");
            names::check(report, probe).await?;
            return guilds(report, probe, required).await;
        }
        SchemaState::Missing => report.ok(CHECK, "none yet: the first start creates it"),
        SchemaState::Outdated(pending) => {
            let message = format!("the next start runs these migrations: {}", pending.join(", "));
            report.warn(CHECK, message, "make a backup first");
        }
        SchemaState::Newer(unknown) => {
            let message = format!("a newer guildhall has run these migrations: {}", unknown.join(", "));
            report.fail(CHECK, message, "use that version, or restore a backup from before its migrations");
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
        (Some(required), existing) if !existing.iter().any(|slug| slug == required) => {
            let remedy = "set GUILDHALL_DEFAULT_GUILD to the slug of an existing guild, or create this one with `guildhall bootstrap`";
            report.fail(CHECK, format!("there is no guild {required}, which GUILDHALL_DEFAULT_GUILD names"), remedy);
        }
        (required, [oldest, ..]) => {
            let default = required.unwrap_or(oldest);
            report.ok(CHECK, format!("{default} serves requests that name none (of {} in all)", slugs.len()));
        }
    }
    Ok(())
}
