//! Encrypts texts that are stored in the database but that only servers may read.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256, Sha512};

use crate::kernel::error::{Error, Result};

/// Length of the nonce in front of a ciphertext, in bytes.
const NONCE: usize = 24;

/// Encrypts texts (XChaCha20-Poly1305) with a key derived from the signing secret, so that the database alone does not
/// reveal them.
#[derive(Clone)]
pub struct Cipher(XChaCha20Poly1305);

impl Cipher {
    /// Derives the cipher's key from the signing secret. The key reveals neither the secret nor other keys derived from
    /// it.
    pub fn new(secret: &[u8]) -> Self {
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&Sha512::digest(secret));
        mac.update(b"guildhall cipher\0");
        Self(XChaCha20Poly1305::new(&mac.finalize().into_bytes()))
    }

    /// Encrypts a text and binds it to `context`, such as the id of the message that contains it (associated data).
    ///
    /// # Errors
    /// Internal, if encryption fails.
    pub fn encrypt(&self, context: &str, text: &str) -> Result<String> {
        let nonce: [u8; NONCE] = rand::random();
        let payload = Payload { msg: text.as_bytes(), aad: context.as_bytes() };
        let ciphertext = self.0.encrypt(&XNonce::from(nonce), payload);
        let ciphertext = ciphertext.map_err(|error| Error::internal(error.to_string()))?;
        Ok(URL_SAFE_NO_PAD.encode([&nonce[..], &ciphertext].concat()))
    }

    /// Decrypts a text; `None` if it was encrypted with another secret or for another context, or was changed since.
    pub fn decrypt(&self, context: &str, encrypted: &str) -> Option<String> {
        let bytes = URL_SAFE_NO_PAD.decode(encrypted).ok()?;
        let (nonce, ciphertext) = bytes.split_at_checked(NONCE)?;
        let nonce = XNonce::from(<[u8; NONCE]>::try_from(nonce).ok()?);
        let payload = Payload { msg: ciphertext, aad: context.as_bytes() };
        String::from_utf8(self.0.decrypt(&nonce, payload).ok()?).ok()
    }
}
