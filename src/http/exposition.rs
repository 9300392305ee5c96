//! The text formats of metrics: OpenMetrics, which the library writes, and the older format of Prometheus.
//!
//! Sources: <https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md> and
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>.

use std::fmt::Write as _;

use axum::http::HeaderMap;

use super::accept::MediaRanges;

const OPEN_METRICS: &str = "application/openmetrics-text";
const TEXT: &str = "text/plain";

/// A text format of metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricsFormat {
    /// OpenMetrics 1.0.0.
    OpenMetrics,
    /// The text format of Prometheus, version 0.0.4, which every tool reads.
    Prometheus,
}

impl MetricsFormat {
    /// The format that a client prefers: OpenMetrics only if the client names it.
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let prefers_open_metrics = MediaRanges::from_headers(headers).is_some_and(|ranges| {
            let quality = if ranges.names(OPEN_METRICS) { ranges.quality(OPEN_METRICS) } else { 0.0 };
            quality > 0.0 && quality >= ranges.quality(TEXT)
        });
        if prefers_open_metrics { Self::OpenMetrics } else { Self::Prometheus }
    }

    /// The media type of the format.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// Converts metrics from OpenMetrics to this format.
    pub fn convert(self, open_metrics: String) -> String {
        match self {
            Self::OpenMetrics => open_metrics,
            Self::Prometheus => to_prometheus(&open_metrics),
        }
    }
}

/// Prometheus's format names a counter and an information by its sample, and has neither units nor an end mark.
fn to_prometheus(open_metrics: &str) -> String {
    let mut text = String::with_capacity(open_metrics.len());
    let mut help = None;
    for line in open_metrics.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ').map(|(_, help)| help);
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|it| it.split_once(' ')) {
            let (suffix, kind) = match kind {
                "counter" => ("_total", kind),
                "info" => ("_info", "gauge"),
                "unknown" => ("", "untyped"),
                _ => ("", kind),
            };
            if let Some(help) = help.take() {
                let _ = writeln!(text, "# HELP {name}{suffix} {help}");
            }
            let _ = writeln!(text, "# TYPE {name}{suffix} {kind}");
        } else if !line.starts_with('#') {
            text += line;
            text.push('\n');
        }
    }
    text
}
