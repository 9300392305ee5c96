//! Passwords and codes, hashed by Argon2id with OWASP's parameters. Hashing runs outside the async threads, at most one
//! per core, and few requests wait for it.

use std::sync::Arc;

use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version,
    password_hash::{SaltString, rand_core::OsRng},
};
use rand::seq::IndexedRandom;
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;

use crate::kernel::{
    error::{Code, Error, Refusal, Result},
    text,
};

/// Minimum number of characters of a password.
pub const MIN_PASSWORD: usize = 10;
/// Maximum number of characters of a password.
pub const MAX_PASSWORD: usize = 256;

/// Letters and digits that are hard to confuse: no 0 and O, no 1, I and L.
const CODE_ALPHABET: &[char] = &[
    'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J', 'K', 'M', 'N', 'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z',
    '2', '3', '4', '5', '6', '7', '8', '9',
];
const CODE_LENGTH: usize = 8;

/// Maximum number of requests per core that wait for a hash or run one. A hash takes 20 to 50 ms, so a request waits
/// little longer than half a second.
const QUEUE_PER_CORE: usize = 16;

/// Hashes and verifies secrets. Clones share the queue.
#[derive(Clone)]
pub struct Hasher {
    argon2: Argon2<'static>,
    /// Limits the requests that wait for a hash or run one.
    queue: Arc<Semaphore>,
    /// Limits the hashes that run.
    permits: Arc<Semaphore>,
    /// The hash to verify against if the member has none, so that an unknown username takes as long as a wrong
    /// password.
    dummy_hash: Arc<str>,
}

impl Hasher {
    /// OWASP's first choice for Argon2id: 19 MiB, 2 passes, 1 lane.
    /// Source: OWASP Password Storage Cheat Sheet.
    ///
    /// # Errors
    /// If hashing fails.
    pub fn owasp() -> Result<Self> {
        Self::with(19 * 1_024, 2)
    }

    /// The cheapest parameters that Argon2id allows, for tests.
    ///
    /// # Errors
    /// As for [`Hasher::owasp`].
    pub fn cheap() -> Result<Self> {
        Self::with(8, 1)
    }

    fn with(kibibytes: u32, passes: u32) -> Result<Self> {
        let params = Params::new(kibibytes, passes, 1, None).map_err(|error| Error::internal(error.to_string()))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let dummy_hash = hash(&argon2, "dummy")?.into();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let queue = Arc::new(Semaphore::new(cores * QUEUE_PER_CORE));
        Ok(Self { argon2, queue, permits: Arc::new(Semaphore::new(cores)), dummy_hash })
    }

    /// How many more requests fit into the queue.
    pub fn free_places(&self) -> usize {
        self.queue.available_permits()
    }

    /// Hashes a secret, normalized, with a random salt, in PHC format.
    ///
    /// # Errors
    /// `RATE_LIMITED` if too many requests wait for a hash; internal, if hashing fails.
    pub async fn hash(&self, secret: String) -> Result<String> {
        self.blocking(move |argon2| hash(argon2, &normalize(&secret))).await?
    }

    /// Whether the secret matches the hash. Without a hash it takes as long, and the result is `false`.
    ///
    /// Releases before 0.2.0 hashed passwords as they were typed, so that form is tried too if it differs. The time
    /// depends only on the secret, not on the member.
    ///
    /// # Errors
    /// `RATE_LIMITED` if too many requests wait for a hash; internal, if the blocking task fails.
    pub async fn verify(&self, secret: String, hash: Option<String>) -> Result<bool> {
        let dummy_hash = Arc::clone(&self.dummy_hash);
        self.blocking(move |argon2| {
            let verified = |secret: &String| {
                PasswordHash::new(hash.as_deref().unwrap_or(&dummy_hash))
                    .and_then(|hash| argon2.verify_password(secret.as_bytes(), &hash))
                    .is_ok()
            };
            let normalized = normalize(&secret);
            let is_verified = verified(&normalized) || (secret != normalized && verified(&secret));
            is_verified && hash.is_some()
        })
        .await
    }

    async fn blocking<R: Send + 'static>(&self, work: impl FnOnce(&Argon2<'_>) -> R + Send + 'static) -> Result<R> {
        // Refused at once, so that a flood of attempts does not delay the others. A request whose client leaves gives
        // up its place, unless its hash runs already.
        let place = Arc::clone(&self.queue).try_acquire_owned().map_err(|_| busy())?;
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(Error::internal)?;
        let argon2 = self.argon2.clone();
        tokio::task::spawn_blocking(move || {
            let _held = (place, permit);
            work(&argon2)
        })
        .await
        .map_err(Error::internal)
    }
}

fn busy() -> Refusal {
    let refusal = Refusal::new(Code::RateLimited, "Too many people are signing in. Try again in a second.");
    Refusal { retry_after_seconds: Some(1), ..refusal }
}

fn hash(argon2: &Argon2<'_>, secret: &str) -> Result<String> {
    let salt = SaltString::generate(&mut OsRng);
    let hash = argon2.hash_password(secret.as_bytes(), &salt).map_err(|error| Error::internal(error.to_string()))?;
    Ok(hash.to_string())
}

/// Normalizes a secret, so that it is the same from every keyboard.
fn normalize(secret: &str) -> String {
    secret.nfkc().collect()
}

/// Checks a new password's length, after normalization.
///
/// # Errors
/// `BAD_USER_INPUT` at `field`.
pub fn check_new_password(field: &'static str, password: &str) -> Result<(), Refusal> {
    match password.nfkc().count() {
        ..MIN_PASSWORD => Err(Refusal::input(field, format!("A password needs at least {MIN_PASSWORD} characters."))
            .because("PASSWORD_TOO_SHORT")),
        MIN_PASSWORD..=MAX_PASSWORD => Ok(()),
        _ => Err(Refusal::input(field, format!("A password has at most {MAX_PASSWORD} characters."))),
    }
}

/// Returns the password, or an empty text if it is too long to be one in any form, so that the server never hashes
/// megabytes.
pub fn bounded(password: String) -> String {
    let is_short = password.chars().count() <= MAX_PASSWORD || password.nfkc().count() <= MAX_PASSWORD;
    if is_short { password } else { String::new() }
}

/// A new one-time code. Its eight characters have about 39 bits, so it is stored only as a slow hash.
pub fn new_code() -> String {
    let mut rng = rand::rng();
    (0..CODE_LENGTH).filter_map(|_| CODE_ALPHABET.choose(&mut rng)).collect()
}

/// Finds a code in a text that someone typed or pasted, in any case, with hyphens or after a label. Returns `None` if
/// the text has no code.
pub fn find_code(text: &str) -> Option<String> {
    let symbol = |c: char| Some(c.to_ascii_uppercase()).filter(|c| CODE_ALPHABET.contains(c));
    text::find_symbols(text, CODE_LENGTH, symbol)
}
