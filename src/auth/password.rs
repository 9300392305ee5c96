//! Passwords and codes: Argon2id with OWASP's parameters, off the async threads and only so many at once.

use std::sync::Arc;

use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version,
    password_hash::{SaltString, rand_core::OsRng},
};
use rand::seq::IndexedRandom;
use tokio::sync::Semaphore;

use crate::kernel::error::{Error, Refusal, Result};

/// Fewest characters of a password.
pub const MIN_PASSWORD: usize = 10;
/// Most characters of a password.
pub const MAX_PASSWORD: usize = 256;

/// Letters and digits that are not mistaken for each other: no 0 and O, no 1, I and L.
const CODE_ALPHABET: &[char] = &[
    'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J', 'K', 'M', 'N', 'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z',
    '2', '3', '4', '5', '6', '7', '8', '9',
];
const CODE_LENGTH: usize = 8;

/// Hashes secrets and checks them. Clones share the bound on how many at once.
#[derive(Clone)]
pub struct Hasher {
    argon2: Argon2<'static>,
    places: Arc<Semaphore>,
    /// Checked against when there is no hash to check, so that an unknown name takes as long as a wrong password.
    nobody: Arc<str>,
}

impl Hasher {
    /// OWASP's first choice for Argon2id: 19 MiB, 2 passes, 1 lane.
    /// Source: OWASP Password Storage Cheat Sheet.
    ///
    /// # Errors
    /// When hashing does not work at all.
    pub fn owasp() -> Result<Self> {
        Self::with(19 * 1_024, 2)
    }

    /// The cheapest that Argon2id allows, for tests.
    ///
    /// # Errors
    /// As for [`Hasher::owasp`].
    pub fn cheap() -> Result<Self> {
        Self::with(8, 1)
    }

    fn with(kibibytes: u32, passes: u32) -> Result<Self> {
        let params = Params::new(kibibytes, passes, 1, None).map_err(|error| Error::internal(error.to_string()))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let nobody = hash(&argon2, "nobody")?.into();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self { argon2, places: Arc::new(Semaphore::new(cores)), nobody })
    }

    /// The secret's hash, in PHC format, with a salt of its own.
    ///
    /// # Errors
    /// Internal, when hashing fails.
    pub async fn hash(&self, secret: String) -> Result<String> {
        self.blocking(move |argon2| hash(argon2, &secret)).await?
    }

    /// Whether the secret is the one hashed; with no hash it takes as long and is wrong.
    ///
    /// # Errors
    /// Internal, when the work could not be done.
    pub async fn verify(&self, secret: String, hash: Option<String>) -> Result<bool> {
        let nobody = Arc::clone(&self.nobody);
        self.blocking(move |argon2| {
            let verified = PasswordHash::new(hash.as_deref().unwrap_or(&nobody))
                .and_then(|hash| argon2.verify_password(secret.as_bytes(), &hash));
            verified.is_ok() && hash.is_some()
        })
        .await
    }

    async fn blocking<R: Send + 'static>(&self, work: impl FnOnce(&Argon2<'_>) -> R + Send + 'static) -> Result<R> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(Error::internal)?;
        let argon2 = self.argon2.clone();
        tokio::task::spawn_blocking(move || {
            let _place = place;
            work(&argon2)
        })
        .await
        .map_err(Error::internal)
    }
}

fn hash(argon2: &Argon2<'_>, secret: &str) -> Result<String> {
    let salt = SaltString::generate(&mut OsRng);
    let hash = argon2.hash_password(secret.as_bytes(), &salt).map_err(|error| Error::internal(error.to_string()))?;
    Ok(hash.to_string())
}

/// Checks a new password's length.
///
/// # Errors
/// Bad input at `field`.
pub fn check_new_password(field: &'static str, password: &str) -> Result<(), Refusal> {
    match password.chars().count() {
        ..MIN_PASSWORD => Err(Refusal::input(field, format!("A password needs at least {MIN_PASSWORD} characters."))
            .because("PASSWORD_TOO_SHORT")),
        MIN_PASSWORD..=MAX_PASSWORD => Ok(()),
        _ => Err(Refusal::input(field, format!("A password has at most {MAX_PASSWORD} characters."))),
    }
}

/// A password as it was typed: one longer than any can be is wrong without hashing megabytes.
pub fn typed_password(password: String) -> String {
    if password.chars().count() > MAX_PASSWORD { String::new() } else { password }
}

/// A new one-time code. Its eight characters hold some 39 bits, so it is stored only as a slow hash.
pub fn new_code() -> String {
    let mut rng = rand::rng();
    (0..CODE_LENGTH).filter_map(|_| CODE_ALPHABET.choose(&mut rng)).collect()
}

/// The code as it was printed, however it was typed. What is far too long is no code.
pub fn typed_code(code: &str) -> String {
    if code.len() > 100 { String::new() } else { code.trim().to_uppercase() }
}
