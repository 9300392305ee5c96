//! What only servers may read, wherever it is kept meanwhile.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256, Sha512};

use crate::kernel::error::{Error, Result};

/// Bytes of the number used once in front of what is sealed.
const NONCE: usize = 24;

/// Seals texts (XChaCha20-Poly1305) with a key that is made of the signing secret: whoever has the database alone cannot
/// read them.
#[derive(Clone)]
pub struct Cipher(XChaCha20Poly1305);

impl Cipher {
    /// A cipher of the signing secret; its key tells nothing of the secret, or of what else it signs.
    pub fn new(secret: &[u8]) -> Self {
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&Sha512::digest(secret));
        mac.update(b"guildhall cipher\0");
        Self(XChaCha20Poly1305::new(&mac.finalize().into_bytes()))
    }

    /// Seals a text for one place, such as the message that holds it: elsewhere it cannot be opened.
    ///
    /// # Errors
    /// Internal, if it cannot be sealed.
    pub fn seal(&self, place: &str, text: &str) -> Result<String> {
        let nonce: [u8; NONCE] = rand::random();
        let payload = Payload { msg: text.as_bytes(), aad: place.as_bytes() };
        let sealed = self.0.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|error| Error::internal(error.to_string()))?;
        Ok(URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat()))
    }

    /// What was sealed for this place; `None` if it was sealed with another secret, or is not what was sealed.
    pub fn open(&self, place: &str, sealed: &str) -> Option<String> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE)?;
        let nonce = XNonce::from(<[u8; NONCE]>::try_from(nonce).ok()?);
        let payload = Payload { msg: sealed, aad: place.as_bytes() };
        String::from_utf8(self.0.decrypt(&nonce, payload).ok()?).ok()
    }
}
