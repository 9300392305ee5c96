//! What the doctor found.

use std::fmt::Write;

use serde::Serialize;

/// How something was found.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, strum::Display)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub(super) enum Level {
    Ok,
    /// The server starts, and something is not as it should be.
    Warn,
    /// The server does not start, or does not do what it is there for.
    Fail,
}

#[derive(Serialize)]
pub(super) struct Finding {
    pub(super) level: Level,
    /// What was looked at.
    check: &'static str,
    message: String,
    remedy: Option<String>,
}

/// What was found, in the order it was looked for. No message holds a secret.
#[derive(Default, Serialize)]
pub(super) struct DoctorReport {
    pub(super) findings: Vec<Finding>,
}

impl DoctorReport {
    pub(super) fn ok(&mut self, check: &'static str, message: impl Into<String>) {
        self.findings.push(Finding { level: Level::Ok, check, message: message.into(), remedy: None });
    }

    pub(super) fn warn(&mut self, check: &'static str, message: impl Into<String>, remedy: impl Into<String>) {
        let remedy = Some(remedy.into());
        self.findings.push(Finding { level: Level::Warn, check, message: message.into(), remedy });
    }

    pub(super) fn fail(&mut self, check: &'static str, message: impl Into<String>, remedy: impl Into<String>) {
        let remedy = Some(remedy.into());
        self.findings.push(Finding { level: Level::Fail, check, message: message.into(), remedy });
    }

    pub(super) fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }

    pub(super) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        for Finding { level, check, message, remedy } in &self.findings {
            writeln!(text, "{level:<5} {check:<10} {message}")?;
            if let Some(remedy) = remedy {
                writeln!(text, "      {:<10} → {remedy}", "")?;
            }
        }
        Ok(text)
    }
}
