//! What OpenSSL, and so libpq, reads of certificates and rustls doesn't: those of version 1, which PostgreSQL's
//! documentation shows how to make, and the host in the common name.

use rustls::{
    CertificateError, DigitallySignedStruct, PeerMisbehaved,
    client::danger::HandshakeSignatureValid,
    crypto::{WebPkiSupportedAlgorithms, verify_tls13_signature_with_raw_key},
    pki_types::{CertificateDer, ServerName, SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer, UnixTime},
};
use x509_cert::{
    Version,
    certificate::Certificate,
    der::{Decode, Encode, asn1::AnyRef, oid::ObjectIdentifier},
    ext::pkix::{SubjectAltName, name::GeneralName},
    spki::AlgorithmIdentifierOwned,
    time::Time,
};

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// A certificate's fields.
pub(super) struct CertificateFields(Certificate);

impl CertificateFields {
    /// Reads the fields; `None` if they are malformed.
    pub(super) fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        Certificate::from_der(certificate).ok().map(Self)
    }

    /// Reads the fields of a certificate of version 1, which has no extensions.
    pub(super) fn of_version_1(certificate: &CertificateDer<'_>) -> Option<Self> {
        Self::of(certificate).filter(|it| it.0.tbs_certificate.version == Version::V1)
    }

    /// Checks that the certificate is valid at this time.
    pub(super) fn check_validity(&self, now: UnixTime) -> Result<(), rustls::Error> {
        let validity = &self.0.tbs_certificate.validity;
        let time = |time: Time| UnixTime::since_unix_epoch(time.to_unix_duration());
        let (not_before, not_after) = (time(validity.not_before), time(validity.not_after));
        if now < not_before {
            Err(CertificateError::NotValidYetContext { time: now, not_before }.into())
        } else if now > not_after {
            Err(CertificateError::ExpiredContext { time: now, not_after }.into())
        } else {
            Ok(())
        }
    }

    /// Whether the owner of the certificate `issuer` has signed this one.
    pub(super) fn is_issued_by(&self, issuer: &Self, algorithms: &WebPkiSupportedAlgorithms) -> bool {
        let (signed, issuer) = (&self.0.tbs_certificate, &issuer.0.tbs_certificate);
        let key = &issuer.subject_public_key_info;
        let is_valid = || {
            let (message, signature) = (signed.to_der().ok()?, self.0.signature.as_bytes()?);
            let (of_signature, of_key) = (value(&self.0.signature_algorithm)?, value(&key.algorithm)?);
            let key = key.subject_public_key.as_bytes()?;
            let is_meant = |it: &&&dyn SignatureVerificationAlgorithm| {
                *it.signature_alg_id() == *of_signature && *it.public_key_alg_id() == *of_key
            };
            let mut meant = algorithms.all.iter().filter(is_meant);
            Some(meant.any(|algorithm| algorithm.verify_signature(key, &message, signature).is_ok()))
        };
        signed.issuer == issuer.subject && is_valid() == Some(true)
    }

    /// Whether the certificate's common name is this host. As in libpq, it counts only if there is no alternative name of
    /// the host's kind.
    pub(super) fn has_common_name(&self, host: &ServerName<'_>) -> bool {
        let fields = &self.0.tbs_certificate;
        let Ok(alternatives) = fields.get::<SubjectAltName>() else { return false };
        let is_of_kind = |name: &GeneralName| match host {
            ServerName::IpAddress(_) => matches!(name, GeneralName::IpAddress(_)),
            _ => matches!(name, GeneralName::DnsName(_)),
        };
        if alternatives.is_some_and(|(_, alternatives)| alternatives.0.iter().any(is_of_kind)) {
            return false;
        }
        let mut attributes = fields.subject.0.iter().flat_map(|names| names.0.iter());
        let common_name = attributes.find(|attribute| attribute.oid == COMMON_NAME);
        let Some(name) = common_name.and_then(|it| std::str::from_utf8(it.value.value()).ok()) else { return false };
        let host = host.to_str();
        let is_wildcard = || {
            let (domain, of_host) = (name.strip_prefix("*.")?, host.split_once('.')?.1);
            Some(
                !domain.is_empty() && domain.eq_ignore_ascii_case(of_host) && host.parse::<std::net::IpAddr>().is_err(),
            )
        };
        name.eq_ignore_ascii_case(&host) || is_wildcard() == Some(true)
    }

    /// Verifies a signature of TLS 1.3 by the certificate's key.
    pub(super) fn verify_tls13_signature(
        &self,
        message: &[u8],
        signature: &DigitallySignedStruct,
        algorithms: &WebPkiSupportedAlgorithms,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let key = self.0.tbs_certificate.subject_public_key_info.to_der().map_err(|_| CertificateError::BadEncoding)?;
        verify_tls13_signature_with_raw_key(message, &SubjectPublicKeyInfoDer::from(key), signature, algorithms)
    }

    /// Verifies a signature of TLS 1.2 by the certificate's key.
    pub(super) fn verify_tls12_signature(
        &self,
        message: &[u8],
        signature: &DigitallySignedStruct,
        algorithms: &WebPkiSupportedAlgorithms,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let of_scheme = algorithms.mapping.iter().find(|(scheme, _)| *scheme == signature.scheme);
        let (_, of_scheme) = of_scheme.ok_or(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)?;
        let key = &self.0.tbs_certificate.subject_public_key_info;
        let of_key = value(&key.algorithm).ok_or(CertificateError::BadEncoding)?;
        let key = key.subject_public_key.as_bytes().ok_or(CertificateError::BadEncoding)?;
        let mut possible = of_scheme.iter().filter(|algorithm| *algorithm.public_key_alg_id() == *of_key);
        if possible.any(|algorithm| algorithm.verify_signature(key, message, signature.signature()).is_ok()) {
            Ok(HandshakeSignatureValid::assertion())
        } else {
            Err(CertificateError::BadSignature.into())
        }
    }
}

/// An algorithm in the form in which rustls names it: without the header of the sequence.
fn value(algorithm: &AlgorithmIdentifierOwned) -> Option<Vec<u8>> {
    let encoded = algorithm.to_der().ok()?;
    Some(AnyRef::from_der(&encoded).ok()?.value().to_vec())
}
