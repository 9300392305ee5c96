//! TLS to PostgreSQL, by `sslmode` and `sslrootcert` as libpq reads them:
//! <https://www.postgresql.org/docs/current/libpq-ssl.html>.

use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use rustls::{
    ClientConfig,
    crypto::ring,
    pki_types::{CertificateDer, pem, pem::PemObject},
};
use tokio_postgres::{
    config::SslMode as Encryption,
    tls::{MakeTlsConnect, TlsConnect},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::server_certificate::Verifier;

/// Whether to encrypt a connection, and what to verify of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString)]
#[strum(serialize_all = "kebab-case")]
pub(super) enum SslMode {
    Disable,
    /// Without encryption, unless the server refuses that.
    Allow,
    /// With encryption, unless the server doesn't support it or refuses it.
    Prefer,
    Require,
    /// The server's certificate must be issued by a trusted authority.
    VerifyCa,
    /// Like `VerifyCa`, and the certificate must be the host's.
    VerifyFull,
}

/// The authorities that may issue the server's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Roots {
    /// Those in the file where libpq looks for them, if there is one.
    Default,
    /// Those in this file.
    File(PathBuf),
    /// The system's.
    System,
}

/// How to connect by TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TlsSettings {
    mode: SslMode,
    roots: Roots,
}

impl TlsSettings {
    /// Reads the values of `sslmode` and `sslrootcert` in a URL, or else of `PGSSLMODE` and `PGSSLROOTCERT`.
    ///
    /// # Errors
    /// A message if a value is unknown, or the two don't go together.
    pub(super) fn new(mode: Option<&str>, roots: Option<&str>) -> Result<Self, String> {
        let variable = |name| env::var(name).ok().filter(|value| !value.is_empty());
        let (mode_variable, roots_variable) = (variable("PGSSLMODE"), variable("PGSSLROOTCERT"));
        let (mode, roots) = (mode.or(mode_variable.as_deref()), roots.or(roots_variable.as_deref()));
        let roots = match roots {
            None | Some("") => Roots::Default,
            Some("system") => Roots::System,
            Some(file) => Roots::File(file.into()),
        };
        let mode = match (mode, &roots) {
            (None, Roots::System) => SslMode::VerifyFull,
            (None, _) => SslMode::Prefer,
            (Some(mode), _) => mode
                .parse()
                .map_err(|_| "sslmode must be disable, allow, prefer, require, verify-ca or verify-full".to_owned())?,
        };
        // The system trusts many authorities. Anyone can get a certificate from one of them, for another host.
        if roots == Roots::System && mode != SslMode::VerifyFull {
            return Err("sslrootcert=system needs sslmode=verify-full".to_owned());
        }
        Ok(Self { mode, roots })
    }

    /// The encryption of the first attempt to connect, and that of a second one after some failures.
    pub(super) const fn attempts(&self) -> (Encryption, Option<Encryption>) {
        match self.mode {
            SslMode::Disable => (Encryption::Disable, None),
            SslMode::Allow => (Encryption::Disable, Some(Encryption::Require)),
            SslMode::Prefer => (Encryption::Prefer, Some(Encryption::Disable)),
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => (Encryption::Require, None),
        }
    }

    /// Whether the server's certificate is verified.
    pub(super) fn verifies_server(&self) -> bool {
        self.roots != Roots::Default || default_file().is_some_and(|file| file.exists())
    }

    /// Creates what connects by TLS, if the connection may use it. Reads the trusted certificates again, because the file may have been renewed.
    ///
    /// # Errors
    /// If the certificates cannot be read, or there are none to verify the server by.
    pub(super) fn connector(&self, may_use_tls: bool) -> Result<TlsConnector, String> {
        let verifies = matches!(self.mode, SslMode::VerifyCa | SslMode::VerifyFull);
        let trusted = match &self.roots {
            _ if self.mode == SslMode::Disable || !may_use_tls => None,
            Roots::System => Some(system_certificates()?),
            Roots::File(file) => Some(certificates_in(file)?),
            Roots::Default => match default_file().filter(|file| file.exists()) {
                Some(file) => Some(certificates_in(&file)?),
                None if verifies => {
                    return Err("set sslrootcert to a file with the trusted certificates, or to `system`".to_owned());
                }
                None => None,
            },
        };
        let provider = Arc::new(ring::default_provider());
        let verifier = Verifier::new(trusted, self.mode == SslMode::VerifyFull, Arc::clone(&provider));
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let mut config = config
            .map_err(|error| error.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        config.alpn_protocols = vec![b"postgresql".to_vec()];
        Ok(TlsConnector { inner: MakeRustlsConnect::new(config), was_used: Arc::default() })
    }
}

/// The file where libpq looks for trusted certificates.
fn default_file() -> Option<PathBuf> {
    let home = env::var_os("HOME").filter(|home| !home.is_empty())?;
    Some(Path::new(&home).join(".postgresql/root.crt"))
}

fn certificates_in(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let displayed = file.display();
    let text = fs::read(file).map_err(|error| format!("sslrootcert: cannot read {displayed}: {error}"))?;
    // Windows programs write a byte order mark.
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    let read: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(text).collect();
    match read {
        Ok(certificates) if certificates.is_empty() => {
            Err(format!("sslrootcert: {displayed} has no certificate (PEM)"))
        }
        Ok(certificates) => Ok(certificates),
        Err(_) => Err(format!("sslrootcert: {displayed} is damaged: a certificate in it is incomplete or not Base64")),
    }
}

fn system_certificates() -> Result<Vec<CertificateDer<'static>>, String> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        return Err("sslrootcert=system: this system has no certificates (install ca-certificates)".to_owned());
    }
    Ok(found.certs)
}

/// Connects by TLS, and notes whether it did: with [`SslMode::Prefer`], the server decides.
#[derive(Clone)]
pub(super) struct TlsConnector<C = MakeRustlsConnect> {
    inner: C,
    was_used: Arc<AtomicBool>,
}

impl TlsConnector {
    /// Whether a server has started a TLS handshake.
    pub(super) fn was_used(&self) -> bool {
        self.was_used.load(Ordering::Relaxed)
    }
}

impl<S, C: MakeTlsConnect<S>> MakeTlsConnect<S> for TlsConnector<C> {
    type Stream = C::Stream;
    type TlsConnect = TlsConnector<C::TlsConnect>;
    type Error = C::Error;

    fn make_tls_connect(&mut self, host: &str) -> Result<Self::TlsConnect, Self::Error> {
        Ok(TlsConnector { inner: self.inner.make_tls_connect(host)?, was_used: Arc::clone(&self.was_used) })
    }
}

impl<S, C: TlsConnect<S>> TlsConnect<S> for TlsConnector<C> {
    type Stream = C::Stream;
    type Error = C::Error;
    type Future = C::Future;

    fn connect(self, stream: S) -> Self::Future {
        self.was_used.store(true, Ordering::Relaxed);
        self.inner.connect(stream)
    }
}
