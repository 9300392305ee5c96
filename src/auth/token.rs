//! Access tokens (JWT, HS256) and refresh tokens (opaque).

use std::{fs, io, path::Path};

use async_graphql::ID;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation,
    crypto::{CryptoProvider, JwkUtils, JwtSigner, JwtVerifier},
    errors::ErrorKind,
    signature::{self, Signer, Verifier},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{address::AddressHasher, cipher::Cipher};
use crate::kernel::{
    clock::Timestamp,
    error::{Error, Result},
    id::{GuildId, InvalidId, MemberId, SessionId},
    page::CursorSigner,
    private_file,
};

/// Shortest signing secret, in bytes: the length of an HS256 hash (RFC 7518 §3.2).
pub const MIN_SECRET: usize = 32;

/// The claims of an access token. They identify the member but grant no permissions; the server loads those.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The member.
    pub member: MemberId,
    /// The guild that the token is valid for.
    pub guild: GuildId,
    /// The session; an operator's token has none.
    pub session: Option<SessionId>,
    /// The member's credentials version when the token was issued.
    pub credentials_version: i64,
    /// When it was issued, in seconds since 1970.
    pub issued_at: i64,
    /// When it expires, in seconds since 1970.
    pub expires_at: i64,
}

/// The claims in the format of the token: `sub`, `iat` and `exp` are defined by RFC 7519, and ids are global ids.
#[derive(Serialize, Deserialize)]
struct Payload {
    sub: ID,
    gid: ID,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<ID>,
    ver: i64,
    iat: i64,
    exp: i64,
}

impl From<&Claims> for Payload {
    fn from(claims: &Claims) -> Self {
        Self {
            sub: claims.member.into(),
            gid: claims.guild.into(),
            sid: claims.session.map(ID::from),
            ver: claims.credentials_version,
            iat: claims.issued_at,
            exp: claims.expires_at,
        }
    }
}

impl TryFrom<Payload> for Claims {
    type Error = InvalidId;

    fn try_from(payload: Payload) -> Result<Self, InvalidId> {
        Ok(Self {
            member: MemberId::try_from(&payload.sub)?,
            guild: GuildId::try_from(&payload.gid)?,
            session: payload.sid.as_ref().map(SessionId::try_from).transpose()?,
            credentials_version: payload.ver,
            issued_at: payload.iat,
            expires_at: payload.exp,
        })
    }
}

/// Signs and verifies access tokens.
pub struct Keys {
    /// Signs the cursors of connections.
    pub cursors: CursorSigner,
    /// Encrypts messages that wait in the database for their delivery.
    pub cipher: Cipher,
    /// Hashes the addresses of clients.
    pub addresses: AddressHasher,
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

impl Keys {
    /// Keys from a secret of at least [`MIN_SECRET`] bytes.
    pub fn new(secret: &[u8]) -> Self {
        // Fails if another `Keys` has installed it already.
        let _ = HS256.install_default();
        let mut validation = Validation::new(Algorithm::HS256);
        // `verify` checks the expiry, by the injected clock.
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        Self {
            cursors: CursorSigner::new(secret),
            cipher: Cipher::new(secret),
            addresses: AddressHasher::new(secret),
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            validation,
        }
    }

    /// Keys from a random secret that is not stored.
    pub fn ephemeral() -> Self {
        Self::new(&rand::random::<[u8; MIN_SECRET]>())
    }

    /// Signs a token.
    ///
    /// # Errors
    /// Internal, if signing fails.
    pub fn sign(&self, claims: &Claims) -> Result<String> {
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &Payload::from(claims), &self.encoding)
            .map_err(Error::internal)
    }

    /// The claims of a token, if its signature is valid and it has not expired at `now`.
    pub fn verify(&self, token: &str, now: Timestamp) -> Option<Claims> {
        let payload = jsonwebtoken::decode::<Payload>(token, &self.decoding, &self.validation).ok()?.claims;
        let claims = Claims::try_from(payload).ok()?;
        (now.and_utc().timestamp() < claims.expires_at).then_some(claims)
    }
}

/// The cryptography behind `jsonwebtoken`, reduced to the one algorithm in use.
static HS256: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| Ok(Box::new(Hs256::new(*algorithm, key.try_get_hmac_secret()?)?)),
    verifier_factory: |algorithm, key| Ok(Box::new(Hs256::new(*algorithm, key.try_get_hmac_secret()?)?)),
    jwk_utils: JwkUtils::new_unimplemented(),
};

/// HMAC with SHA-256 (RFC 7518 §3.2).
struct Hs256(Hmac<Sha256>);

impl Hs256 {
    fn new(algorithm: Algorithm, secret: &[u8]) -> jsonwebtoken::errors::Result<Self> {
        if algorithm != Algorithm::HS256 {
            return Err(ErrorKind::InvalidAlgorithm.into());
        }
        Hmac::new_from_slice(secret).map(Self).map_err(|_| ErrorKind::InvalidKeyFormat.into())
    }
}

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(self.0.clone().chain_update(message).finalize().into_bytes().to_vec())
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        // Compares in constant time.
        self.0.clone().chain_update(message).verify_slice(signature).map_err(signature::Error::from_source)
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

/// A new refresh token: 256 random bits.
pub fn new_refresh_token() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// The hash under which a refresh token is stored. A fast hash is enough, because the token has 256 random bits.
pub fn refresh_token_hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(token.as_bytes()))
}

/// Loads the signing secret from `file`. If the file does not exist, creates it with a random secret, readable by its
/// owner only.
///
/// # Errors
/// If the file cannot be created or read, or is too short.
pub fn load_or_create_secret(file: &Path) -> io::Result<Vec<u8>> {
    if !file.exists() {
        let secret = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 48]>());
        match private_file::write(file, secret.as_bytes(), false) {
            // A server that starts at the same time was faster.
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    load_secret(file)
}

/// Loads the signing secret from `file`.
///
/// # Errors
/// If the file cannot be read, or is too short.
pub fn load_secret(file: &Path) -> io::Result<Vec<u8>> {
    let secret = fs::read(file)?;
    if secret.len() < MIN_SECRET {
        let message = format!("{} holds fewer than {MIN_SECRET} bytes", file.display());
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    Ok(secret)
}
