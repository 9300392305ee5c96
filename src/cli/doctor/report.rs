//! The doctor's report.

use std::fmt::Write;

use serde::Serialize;

/// The result of a check.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, strum::Display)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub(super) enum Level {
    Ok,
    /// The server starts, but something needs attention.
    Warn,
    /// The server does not start, or does not work.
    Fail,
}

#[derive(Serialize)]
pub(super) struct Finding {
    pub(super) level: Level,
    /// The subject of the check.
    check: &'static str,
    message: String,
    remedy: Option<String>,
}

/// The findings, in the order of the checks. No message contains a secret.
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
