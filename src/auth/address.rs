//! Addresses of clients as they are stored: as keyed hashes.

use std::net::IpAddr;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac, digest::KeyInit};
use sha2::{Digest, Sha256, Sha512};

use crate::kernel::{id::GuildId, rate_limit::rate_limit_key};

/// Length of a hash, in bytes. Only one member's addresses are compared with each other.
const LENGTH: usize = 16;

/// Hashes the addresses of clients with the signing secret. There are few enough addresses to try all of them, so a
/// hash without a key would reveal them.
#[derive(Clone)]
pub struct AddressHasher(Hmac<Sha256>);

impl AddressHasher {
    /// A hasher with this secret. The hashes do not reveal the secret, or keys derived from it.
    pub fn new(secret: &[u8]) -> Self {
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&Sha512::digest(secret));
        mac.update(b"guildhall addresses\0");
        Self(mac)
    }

    /// The hash of an address in a guild. For IPv6, an address is a /64 network.
    pub fn hash(&self, guild: GuildId, address: IpAddr) -> String {
        let address = rate_limit_key(address).to_string();
        let mac = self.0.clone().chain_update(guild.0.to_be_bytes()).chain_update(address).finalize().into_bytes();
        URL_SAFE_NO_PAD.encode(mac.get(..LENGTH).unwrap_or_default())
    }
}
