//! Access tokens (JWT, HS256) and refresh tokens (opaque).

use std::path::Path;

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

use super::cipher::Cipher;
use crate::kernel::{
    clock::Timestamp,
    error::{Error, Result},
    id::{GuildId, InvalidId, MemberId, SessionId},
    page::CursorSigner,
};

/// Fewest bytes of a signing secret: as many as HS256's hash has.
pub const MIN_SECRET: usize = 32;

/// What an access token says of its bearer. It names who they are, never what they may do: that is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The member.
    pub member: MemberId,
    /// The guild the token is good for.
    pub guild: GuildId,
    /// The session behind it; none behind an operator's.
    pub session: Option<SessionId>,
    /// The member's credentials version when it was issued.
    pub credentials_version: i64,
    /// Issued, in seconds since 1970.
    pub issued_at: i64,
    /// Void from then on, in seconds since 1970.
    pub expires_at: i64,
}

/// The claims as they stand in the token: `sub`, `iat` and `exp` are those of RFC 7519, ids are global ones.
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

/// Signs and reads access tokens.
pub struct Keys {
    /// Marks the cursors of connections.
    pub cursors: CursorSigner,
    /// Seals what waits in the database for someone else to read.
    pub cipher: Cipher,
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

impl Keys {
    /// Keys from a secret of at least [`MIN_SECRET`] bytes.
    pub fn new(secret: &[u8]) -> Self {
        // Fails if earlier keys have installed it already.
        let _ = HS256.install_default();
        let mut validation = Validation::new(Algorithm::HS256);
        // Expiry is ours to check, by the injected clock.
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        Self {
            cursors: CursorSigner::new(secret),
            cipher: Cipher::new(secret),
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            validation,
        }
    }

    /// Keys of a random secret that is gone with the process.
    pub fn ephemeral() -> Self {
        Self::new(&rand::random::<[u8; MIN_SECRET]>())
    }

    /// The signed token.
    ///
    /// # Errors
    /// Internal, when signing fails.
    pub fn sign(&self, claims: &Claims) -> Result<String> {
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &Payload::from(claims), &self.encoding)
            .map_err(Error::internal)
    }

    /// What a token says, if it is signed by us and not expired `now`.
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

/// How a refresh token is stored. It is random enough that a fast hash gives nothing away.
pub fn refresh_token_hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(token.as_bytes()))
}

/// The signing secret kept in `file`, made on first use and readable by its owner only.
///
/// # Errors
/// When the file cannot be made or read, or holds too little.
pub fn load_or_create_secret(file: &Path) -> std::io::Result<Vec<u8>> {
    use std::{fs, io, io::Write, os::unix::fs::OpenOptionsExt};

    // Written whole under another name and then linked: whoever starts at the same time finds all of it or nothing.
    let fresh = file.with_extension(format!("{:016x}.new", rand::random::<u64>()));
    if !file.exists() {
        let mut new = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
        new.write_all(URL_SAFE_NO_PAD.encode(rand::random::<[u8; 48]>()).as_bytes())?;
        new.sync_all()?;
        let linked = fs::hard_link(&fresh, file);
        fs::remove_file(&fresh)?;
        if let Err(error) = linked
            && error.kind() != io::ErrorKind::AlreadyExists
        {
            return Err(error);
        }
    }
    let secret = fs::read(file)?;
    if secret.len() < MIN_SECRET {
        let message = format!("{} holds fewer than {MIN_SECRET} bytes", file.display());
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    Ok(secret)
}
