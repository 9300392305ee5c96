//! Access tokens.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::DateTime;
use guildhall::{
    auth::{Claims, Keys},
    kernel::{
        clock::Timestamp,
        error::Result,
        id::{GuildId, MemberId, SessionId},
    },
};
use hmac::{Hmac, Mac};
use sha2::{Sha256, Sha512};

fn claims() -> Claims {
    Claims {
        member: MemberId(1),
        guild: GuildId(2),
        session: Some(SessionId(3)),
        credentials_version: 0,
        issued_at: 0,
        expires_at: 60,
    }
}

/// A signed token's claims under another header, without a signature.
fn unsigned(signed: &str, algorithm: &str) -> String {
    let header = URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"{algorithm}","typ":"JWT"}}"#));
    format!("{header}.{}", signed.split('.').nth(1).unwrap())
}

#[test]
fn a_token_is_valid_until_it_expires() -> Result<()> {
    let keys = Keys::ephemeral();
    let token = keys.sign(&claims())?;
    let at = |second| DateTime::from_timestamp(second, 0).map(|time| time.naive_utc()).unwrap_or_default();
    assert_eq!(keys.verify(&token, at(59)), Some(claims()));
    assert_eq!(keys.verify(&token, at(60)), None);
    Ok(())
}

#[test]
fn forged_and_unsigned_tokens_are_rejected() -> Result<()> {
    let secret = [7; 32];
    let keys = Keys::new(&secret);
    let read = |token: &str| keys.verify(token, Timestamp::default());
    let token = keys.sign(&claims())?;
    assert_eq!(read(&Keys::ephemeral().sign(&claims())?), None);
    assert_eq!(read(&format!("{}.", unsigned(&token, "none"))), None);
    // With a signature by the right secret, the token is valid for HS256 and for no other algorithm.
    let signed = unsigned(&token, "HS256");
    let mac = Hmac::<Sha256>::new_from_slice(&secret).unwrap().chain_update(&signed).finalize().into_bytes();
    assert_eq!(read(&format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac))), Some(claims()));
    let signed = unsigned(&token, "HS512");
    let mac = Hmac::<Sha512>::new_from_slice(&secret).unwrap().chain_update(&signed).finalize().into_bytes();
    assert_eq!(read(&format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac))), None);
    Ok(())
}
