//! Verifies the certificate of a PostgreSQL server.

use std::{fmt, sync::Arc};

use rustls::{
    CertificateError, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor, verify_server_name,
    },
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};

use super::x509::CertificateFields;

/// Verifies the server's certificate as far as the mode asks for it.
pub(super) struct Verifier {
    /// Without trusted certificates, every certificate is accepted.
    trusted: Option<Trusted>,
    verifies_host: bool,
    provider: Arc<CryptoProvider>,
}

/// The certificates of trusted authorities, or of the server itself.
struct Trusted {
    certificates: Vec<CertificateDer<'static>>,
    roots: RootCertStore,
}

impl Verifier {
    pub(super) fn new(
        trusted: Option<Vec<CertificateDer<'static>>>,
        verifies_host: bool,
        provider: Arc<CryptoProvider>,
    ) -> Self {
        let trusted = trusted.map(|certificates| {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(certificates.iter().cloned());
            Trusted { certificates, roots }
        });
        Self { trusted, verifies_host, provider }
    }

    /// Verifies that a certificate is trusted itself, or issued by a trusted authority.
    fn verify_trust(
        &self,
        Trusted { certificates, roots }: &Trusted,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), rustls::Error> {
        if certificates.contains(certificate)
            && let Some(fields) = CertificateFields::of(certificate)
        {
            return fields.check_validity(now);
        }
        let algorithms = &self.provider.signature_verification_algorithms;
        if let Some(fields) = CertificateFields::of_version_1(certificate) {
            let mut authorities = certificates.iter().filter_map(CertificateFields::of);
            return if authorities.any(|authority| fields.is_issued_by(&authority, algorithms)) {
                fields.check_validity(now)
            } else {
                Err(CertificateError::UnknownIssuer.into())
            };
        }
        let parsed = ParsedCertificate::try_from(certificate)?;
        verify_server_cert_signed_by_trust_anchor(&parsed, roots, intermediates, now, algorithms.all)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").finish_non_exhaustive()
    }
}

/// Verifies that a certificate is for this host.
fn verify_host(certificate: &CertificateDer<'_>, host: &ServerName<'_>) -> Result<(), rustls::Error> {
    if CertificateFields::of(certificate).is_some_and(|fields| fields.has_common_name(host)) {
        return Ok(());
    }
    match ParsedCertificate::try_from(certificate) {
        Ok(parsed) => verify_server_name(&parsed, host),
        Err(_) => {
            Err(CertificateError::NotValidForNameContext { expected: host.to_owned(), presented: Vec::new() }.into())
        }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Some(trusted) = &self.trusted {
            self.verify_trust(trusted, certificate, intermediates, now)?;
            if self.verifies_host {
                verify_host(certificate, host)?;
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        match CertificateFields::of_version_1(certificate) {
            Some(fields) => fields.verify_tls12_signature(message, signature, algorithms),
            None => verify_tls12_signature(message, certificate, signature, algorithms),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        match CertificateFields::of_version_1(certificate) {
            Some(fields) => fields.verify_tls13_signature(message, signature, algorithms),
            None => verify_tls13_signature(message, certificate, signature, algorithms),
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
