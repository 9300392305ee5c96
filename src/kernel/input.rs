//! Checks the fields of an input, so that a client learns of all fields at fault at once.

use super::error::{Code, Error, Refusal};

/// Collects the refusals of an input's fields.
///
/// Rules take it by reference and return the checked value. They cannot return early, so that each field is checked.
#[derive(Debug, Default)]
pub struct InputCheck(Vec<Refusal>);

impl InputCheck {
    /// Builds a value from checked fields.
    ///
    /// # Errors
    /// As for [`InputCheck::finish`].
    pub fn run<T>(build: impl FnOnce(&mut Self) -> T) -> Result<T, Refusal> {
        let mut check = Self::default();
        let value = build(&mut check);
        check.finish(value)
    }

    /// Returns a value that was built from checked fields.
    ///
    /// # Errors
    /// If a field was refused: the first refusal with the code `BAD_USER_INPUT`, otherwise the first, with those of all
    /// other fields.
    pub fn finish<T>(self, value: T) -> Result<T, Refusal> {
        match self.refusal() {
            Some(refusal) => Err(refusal),
            None => Ok(value),
        }
    }

    /// Returns the value of a field. If it was refused, returns a default, which [`InputCheck::finish`] discards.
    pub fn valid<T: Default>(&mut self, result: Result<T, Refusal>) -> T {
        self.found(result).unwrap_or_default()
    }

    /// Returns the value of a field, or `None` if it was refused.
    pub fn found<T>(&mut self, result: Result<T, Refusal>) -> Option<T> {
        result.map_err(|refusal| self.refuse(refusal)).ok()
    }

    /// Sets a changed field, unless its new value was refused.
    pub fn set<T>(&mut self, field: &mut T, result: Result<T, Refusal>) {
        if let Some(value) = self.found(result) {
            *field = value;
        }
    }

    /// Adds a refusal.
    pub fn refuse(&mut self, mut refusal: Refusal) {
        match std::mem::take(&mut refusal.fields) {
            fields if fields.is_empty() => self.0.push(refusal),
            fields => self.0.extend(fields),
        }
    }

    /// Checks the fields of a nested input. Their names start with its path, such as `entries[1]`.
    pub fn nested<T>(&mut self, path: &str, build: impl FnOnce(&mut Self) -> T) -> T {
        let mut nested = Self::default();
        let value = build(&mut nested);
        self.0.extend(nested.0.into_iter().map(|refusal| {
            let field = refusal.field.as_ref().map_or_else(|| path.to_owned(), |field| format!("{path}.{field}"));
            refusal.at(field)
        }));
        value
    }

    fn refusal(self) -> Option<Refusal> {
        let mut fields: Vec<Refusal> = Vec::new();
        for refusal in self.0 {
            // One refusal for each field: later ones may follow from the first.
            if refusal.field.is_none() || fields.iter().all(|known| known.field != refusal.field) {
                fields.push(refusal);
            }
        }
        let is_input = |refusal: &&Refusal| refusal.code == Code::BadUserInput;
        let first = fields.iter().find(is_input).or_else(|| fields.first())?.clone();
        let fields = if fields.len() > 1 { fields } else { Vec::new() };
        Some(Refusal { fields, ..first })
    }
}

impl Refusal {
    /// Adds the refusals of other fields, so that a client learns of them at once.
    #[must_use]
    pub fn and<T>(self, others: Result<T, Self>) -> Self {
        let mut check = InputCheck::default();
        check.refuse(self.clone());
        check.found(others);
        check.refusal().unwrap_or(self)
    }
}

/// Separates the refusal of a field, which the refusals of other fields can be added to, from any other error.
///
/// # Errors
/// The other error.
pub fn refused_field<T>(result: Result<T, Error>) -> Result<Result<T, Refusal>, Error> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(Error::Refused(refusal)) if refusal.field.is_some() => Ok(Err(refusal)),
        Err(error) => Err(error),
    }
}

/// Returns the values of a field and of others.
///
/// # Errors
/// The refusals of all of them.
pub fn both<T, U>(field: Result<T, Refusal>, others: Result<U, Refusal>) -> Result<(T, U), Refusal> {
    match field {
        Ok(value) => others.map(|others| (value, others)),
        Err(refusal) => Err(refusal.and(others)),
    }
}
