//! TLS to PostgreSQL, by `sslmode` and `sslrootcert`, against clusters with certificates that the test makes.

use guildhall::db::{Conn, DatabaseUrl, Db};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use crate::support::{
    databases::cluster::{Cluster, Tls},
    process::{ServerProcess, run, stdout},
};

/// A certificate authority.
struct Authority {
    params: CertificateParams,
    key: KeyPair,
    certificate: String,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().pem();
        Self { params, key, certificate }
    }

    /// A certificate for these hosts.
    fn issue(&self, hosts: &[&str]) -> Tls {
        let key = KeyPair::generate().unwrap();
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let issuer = Issuer::from_params(&self.params, &self.key);
        let certificate = CertificateParams::new(hosts).unwrap().signed_by(&key, &issuer).unwrap();
        Tls { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

/// Whether a server connects encrypted by this URL, or why it doesn't connect.
async fn encryption(url: &str) -> Result<bool, String> {
    #[derive(diesel::QueryableByName)]
    struct EncryptionRow {
        #[diesel(sql_type = diesel::sql_types::Bool)]
        ssl: bool,
    }
    let url: DatabaseUrl = url.parse()?;
    // Migrations and the pool use connections of their own.
    let db = Db::open(&url, 2).await.map_err(|error| error.to_string())?;
    let read = async |conn: &mut Conn| {
        let Conn::Postgres(conn) = conn else { panic!("not PostgreSQL") };
        let query = diesel::sql_query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
        Ok(diesel_async::RunQueryDsl::get_result::<EncryptionRow>(query, &mut **conn).await?.ssl)
    };
    let encrypted = db.read(read).await.map_err(|error| error.to_string())?;
    drop(db.listener("tls").await.map_err(|error| error.to_string())?);
    Ok(encrypted)
}

/// Connects with each of these parameters, and compares the encryption or a part of the error.
async fn check(port: u16, cases: &[(&str, &str, Result<bool, &str>)]) {
    for (host, parameters, expected) in cases {
        let url = format!("postgres://postgres@{host}:{port}/guildhall?{parameters}");
        match (encryption(&url).await, expected) {
            (Ok(encrypted), Ok(expected)) => assert_eq!(encrypted, *expected, "{host} {parameters}"),
            (Err(error), Err(expected)) => assert!(error.contains(expected), "{host} {parameters}: {error}"),
            (result, _) => panic!("{host} {parameters}: {result:?} instead of {expected:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_tls_is_verified_as_far_as_asked() {
    let Some(cluster) = Cluster::start().await else { return };
    let _database = cluster.database().await;
    let folder = tempfile::tempdir().unwrap();
    let (authority, other) = (Authority::new("ours"), Authority::new("theirs"));
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (ca, other_ca) = (path("ca%20file.pem"), path("other.pem"));
    std::fs::write(path("ca file.pem"), &authority.certificate).unwrap();
    std::fs::write(&other_ca, &other.certificate).unwrap();
    std::fs::write(path("empty.pem"), "none").unwrap();
    std::fs::write(path("cut.pem"), authority.certificate.split_at(200).0).unwrap();
    let with = |mode: &str, roots: &str| format!("sslmode={mode}&sslrootcert={roots}");
    let port = cluster.listen(Some(&authority.issue(&["localhost"])), "hostssl all all 127.0.0.1/32 trust");
    let unknown_issuer = Err("UnknownIssuer");
    check(
        port,
        &[
            ("localhost", "", Ok(true)),
            ("localhost", "sslmode=allow", Ok(true)),
            ("localhost", "sslmode=prefer", Ok(true)),
            ("localhost", "sslmode=require", Ok(true)),
            ("127.0.0.1", "sslmode=require", Ok(true)),
            ("localhost", "sslmode=disable", Err("pg_hba.conf")),
            ("localhost", &with("verify-full", &ca), Ok(true)),
            ("127.0.0.1", &with("verify-ca", &ca), Ok(true)),
            ("127.0.0.1", &with("verify-full", &ca), Err("not valid for name")),
            ("127.0.0.1", &with("require", &ca), Ok(true)),
            // With a root certificate, `require` is `verify-ca`.
            ("localhost", &with("require", &other_ca), unknown_issuer),
            ("localhost", &with("verify-ca", &other_ca), unknown_issuer),
            ("localhost", &with("verify-full", &other_ca), unknown_issuer),
            // Falls back, and the server refuses the second connection.
            ("localhost", &with("prefer", &other_ca), Err("pg_hba.conf")),
            ("localhost", &with("verify-full", &path("nowhere.pem")), Err("nowhere.pem")),
            ("localhost", &with("require", &path("nowhere.pem")), Err("nowhere.pem")),
            ("localhost", &with("verify-ca", &path("empty.pem")), Err("has no certificate")),
            ("localhost", &with("verify-ca", &path("cut.pem")), Err("cut.pem is damaged: a certificate")),
            ("localhost", "sslmode=verify-ca", Err("set sslrootcert")),
            ("localhost", "sslrootcert=system", Err("")),
            ("localhost", &with("require", "system"), Err("sslrootcert=system needs sslmode=verify-full")),
            ("localhost", "sslmode=always", Err("sslmode must be disable, allow,")),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_weak_modes_fall_back_to_a_connection_in_clear() {
    let Some(cluster) = Cluster::start().await else { return };
    let _database = cluster.database().await;
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new("ours");
    let ca = folder.path().join("ca.pem").display().to_string();
    std::fs::write(&ca, &authority.certificate).unwrap();
    let verified = format!("sslmode=verify-full&sslrootcert={ca}");
    // A server without TLS.
    let port = cluster.listen(None, "host all all 127.0.0.1/32 trust");
    let unsupported = Err("server does not support TLS");
    check(
        port,
        &[
            ("localhost", "", Ok(false)),
            ("localhost", "sslmode=prefer", Ok(false)),
            ("localhost", "sslmode=allow", Ok(false)),
            ("localhost", "sslmode=disable", Ok(false)),
            ("localhost", "sslmode=require", unsupported),
            ("localhost", &verified, unsupported),
        ],
    )
    .await;
    // A server that refuses connections by TLS.
    let port = cluster.listen(Some(&authority.issue(&["localhost"])), "hostnossl all all 127.0.0.1/32 trust");
    check(
        port,
        &[
            ("localhost", "sslmode=prefer", Ok(false)),
            ("localhost", "sslmode=allow", Ok(false)),
            ("localhost", "sslmode=require", Err("pg_hba.conf")),
            ("localhost", &verified, Err("pg_hba.conf")),
        ],
    )
    .await;
    // A server that accepts both. A missing database is reported once.
    let port = cluster.listen(Some(&authority.issue(&["localhost"])), "host all all 127.0.0.1/32 trust");
    check(port, &[("localhost", "sslmode=prefer", Ok(true)), ("localhost", "sslmode=allow", Ok(false))]).await;
    let missing = format!("postgres://postgres@localhost:{port}/nowhere");
    let error = encryption(&missing).await.unwrap_err();
    assert_eq!(error.matches("database \"nowhere\" does not exist").count(), 1, "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_self_signed_certificate_is_its_own_authority() {
    let Some(cluster) = Cluster::start().await else { return };
    let _database = cluster.database().await;
    let folder = tempfile::tempdir().unwrap();
    // As `openssl req -x509` makes it: the certificate of an authority.
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let own = params.self_signed(&key).unwrap().pem();
    let root = folder.path().join("server.pem").display().to_string();
    std::fs::write(&root, &own).unwrap();
    let other = folder.path().join("other.pem").display().to_string();
    std::fs::write(&other, params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()).unwrap();
    let tls = Tls { certificate: own, key: key.serialize_pem() };
    let port = cluster.listen(Some(&tls), "hostssl all all 127.0.0.1/32 trust");
    let with = |mode: &str, roots: &str| format!("sslmode={mode}&sslrootcert={roots}");
    check(
        port,
        &[
            ("localhost", &with("verify-full", &root), Ok(true)),
            ("127.0.0.1", &with("verify-ca", &root), Ok(true)),
            ("127.0.0.1", &with("verify-full", &root), Err("not valid for name")),
            ("localhost", &with("verify-ca", &other), Err("certificate")),
        ],
    )
    .await;
    // An expired one is refused.
    params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let expired = params.self_signed(&key).unwrap().pem();
    std::fs::write(&root, &expired).unwrap();
    let tls = Tls { certificate: expired, key: key.serialize_pem() };
    let port = cluster.listen(Some(&tls), "hostssl all all 127.0.0.1/32 trust");
    check(port, &[("localhost", &with("verify-ca", &root), Err("expired"))]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_of_version_1_and_common_names_are_read() {
    let Some(cluster) = Cluster::start().await else { return };
    let _database = cluster.database().await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (root, own, other) = (path("root.pem"), path("own.pem"), path("other.pem"));
    // Issued for the common name `localhost` with `openssl x509 -req`, as PostgreSQL's documentation shows.
    let (certificate, key) =
        (include_str!("support/version_1/server.pem"), include_str!("support/version_1/server.key"));
    let marked = format!("\u{feff}{}", include_str!("support/version_1/root.pem").replace('\n', "\r\n"));
    std::fs::write(&root, marked).unwrap();
    std::fs::write(&own, certificate).unwrap();
    std::fs::write(&other, Authority::new("root").certificate).unwrap();
    let tls = Tls { certificate: certificate.to_owned(), key: key.to_owned() };
    let with = |mode: &str, roots: &str| format!("sslmode={mode}&sslrootcert={roots}");
    let port = cluster.listen(Some(&tls), "hostssl all all 127.0.0.1/32 trust");
    check(
        port,
        &[
            ("localhost", "sslmode=require", Ok(true)),
            ("localhost", "ssl=true", Ok(true)),
            ("127.0.0.1", &with("verify-ca", &root), Ok(true)),
            ("localhost", &with("verify-full", &root), Ok(true)),
            ("localhost", &with("verify-full", &own), Ok(true)),
            ("127.0.0.1", &with("verify-full", &root), Err("not valid for name")),
            ("localhost", &with("verify-ca", &other), Err("UnknownIssuer")),
        ],
    )
    .await;
    // TLS 1.2 signs in another way.
    cluster.stop();
    cluster.restart("");
    cluster.execute("ALTER SYSTEM SET ssl_max_protocol_version = 'TLSv1.2'").await;
    let port = cluster.listen(Some(&tls), "hostssl all all 127.0.0.1/32 trust");
    check(port, &[("localhost", &with("verify-full", &root), Ok(true))]).await;
    // A common name counts only if there is no alternative name.
    let authority = Authority::new("ours");
    std::fs::write(&root, &authority.certificate).unwrap();
    let issue = |alternatives: &[&str]| {
        let key = KeyPair::generate().unwrap();
        let alternatives: Vec<String> = alternatives.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(alternatives).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "localhost");
        let certificate = params.signed_by(&key, &Issuer::from_params(&authority.params, &authority.key)).unwrap();
        Tls { certificate: certificate.pem(), key: key.serialize_pem() }
    };
    for (alternatives, expected) in
        [(&[][..], Ok(true)), (&["127.0.0.2"], Ok(true)), (&["db.example"], Err("not valid for name"))]
    {
        let port = cluster.listen(Some(&issue(alternatives)), "hostssl all all 127.0.0.1/32 trust");
        check(port, &[("localhost", &with("verify-full", &root), expected)]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_are_bound_to_the_encrypted_channel() {
    let Some(cluster) = Cluster::start().await else { return };
    let _database = cluster.database().await;
    cluster.execute("CREATE ROLE guildhall LOGIN PASSWORD 'p?s$s' IN ROLE pg_read_all_data").await;
    let port = cluster
        .listen(Some(&Authority::new("ours").issue(&["localhost"])), "host all guildhall 127.0.0.1/32 scram-sha-256");
    let connect = async |parameters: &str| {
        let url = format!("postgres://guildhall:p?s$s@localhost:{port}/guildhall?{parameters}").parse().unwrap();
        Db::connect(&url, 1).await.map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(connect("channel_binding=require&sslmode=require").await, Ok(()));
    assert_eq!(connect("sslmode=disable").await, Ok(()));
    assert!(connect("channel_binding=require&sslmode=disable").await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_and_servers_use_tls() {
    let Some(cluster) = Cluster::start().await else { return };
    cluster.execute("CREATE DATABASE guildhall").await;
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new("ours");
    std::fs::write(folder.path().join("ca.pem"), &authority.certificate).unwrap();
    let port = cluster.listen(Some(&authority.issue(&["localhost"])), "hostssl all all 127.0.0.1/32 trust");
    let url = format!("postgres://postgres@localhost:{port}/guildhall?sslmode=verify-full&sslrootcert=ca.pem");
    stdout(&run(folder.path(), &["bootstrap", "--guild", "gg", "--leader", "x"]));
    stdout(&run(folder.path(), &["migrate", "--to", &url]));
    let variables = [("DATABASE_URL", url.as_str()), ("GUILDHALL_JWT_SECRET", "q0dWm3Jt8Zc5Yx1Vb7Ns2Lk9Hf4Gp6Ra")];
    let served = ServerProcess::start_with_env(folder.path(), &["serve", "--bind", "127.0.0.1:0"], &variables);
    let guild = served.post(None, "{ guild { slug } }", serde_json::json!({})).await.unwrap();
    assert_eq!(guild["data"]["guild"]["slug"], "gg");
    served.stop();
    let doctor = |url: &str| {
        let output = run(folder.path(), &["doctor", "--bind", "127.0.0.1:0", "--database-url", url]);
        String::from_utf8(output.stdout).unwrap()
    };
    let report = doctor(&url);
    assert!(report.contains("ok    tls        the connection is encrypted, and the server's certificate"), "{report}");
    let report = doctor(&format!("postgres://postgres@localhost:{port}/guildhall"));
    assert!(report.contains("the connection is encrypted; the server's certificate is not verified"), "{report}");
    // The address reaches this machine, but doesn't look like it.
    let port = cluster.listen(None, "host all all 127.0.0.1/32 trust");
    let report = doctor(&format!("postgres://postgres@0.0.0.0:{port}/guildhall"));
    assert!(report.contains("warn  tls        the connection to 0.0.0.0 is not encrypted"), "{report}");
    let report = doctor(&format!("postgres://postgres@localhost:{port}/guildhall"));
    assert!(report.contains("the connection does not leave this machine"), "{report}");
}
