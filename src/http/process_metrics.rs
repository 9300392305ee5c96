//! Metrics of the process, with the names that all of Prometheus's libraries use.
//!
//! Source: <https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics>.

use std::fs;

use prometheus_client::{
    metrics::{counter::ConstCounter, gauge::ConstGauge},
    registry::{Registry, Unit},
};

/// Linux's unit of CPU times in `/proc`, in ticks a second (`USER_HZ`, `proc_pid_stat(5)`). It is 100 on every
/// architecture that Rust's standard library supports.
const TICKS_PER_SECOND: f64 = 100.0;

/// Adds the metrics of this process to a registry without a prefix. Leaves out what the system doesn't report.
pub(super) fn register(registry: &mut Registry) {
    if let Some(stat) = fs::read_to_string("/proc/self/stat").ok().as_deref().and_then(Stat::parse) {
        let help = "CPU time that the process has used";
        registry.register_with_unit("process_cpu", help, Unit::Seconds, ConstCounter::new(stat.cpu_seconds));
        if let Some(booted_at) = boot_time() {
            let started_at = ConstGauge::new(booted_at + stat.started_after_boot);
            let help = "Start of the process, in seconds since 1970";
            registry.register_with_unit("process_start_time", help, Unit::Seconds, started_at);
        }
    }
    if let Ok(status) = fs::read_to_string("/proc/self/status") {
        let mut register_size = |name: &str, help: &str, key: &str| {
            if let Some(kibibytes) = status_number(&status, key) {
                let bytes = ConstGauge::new(kibibytes.saturating_mul(1_024));
                registry.register_with_unit(name, help, Unit::Bytes, bytes);
            }
        };
        register_size("process_resident_memory", "Memory of the process that is in RAM", "VmRSS:");
        register_size("process_virtual_memory", "Address space of the process", "VmSize:");
        if let Some(threads) = status_number(&status, "Threads:") {
            registry.register("process_threads", "Threads of the process", ConstGauge::new(threads));
        }
    }
    if let Ok(files) = fs::read_dir("/proc/self/fd") {
        // Without the one that lists them.
        let open = i64::try_from(files.count().saturating_sub(1)).unwrap_or(i64::MAX);
        registry.register("process_open_fds", "Open files and sockets", ConstGauge::new(open));
    }
    if let Ok((limit, _)) = rlimit::Resource::NOFILE.get() {
        let limit = ConstGauge::new(i64::try_from(limit).unwrap_or(i64::MAX));
        registry.register("process_max_fds", "Maximum number of open files and sockets", limit);
    }
}

/// Fields of `/proc/self/stat`, in seconds.
struct Stat {
    cpu_seconds: f64,
    started_after_boot: f64,
}

impl Stat {
    fn parse(text: &str) -> Option<Self> {
        // The name of the program, in parentheses, may contain spaces. The field after it is the third.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let seconds = |field: usize| Some(fields.get(field - 3)?.parse::<f64>().ok()? / TICKS_PER_SECOND);
        Some(Self { cpu_seconds: seconds(14)? + seconds(15)?, started_after_boot: seconds(22)? })
    }
}

/// When the system booted, in seconds since 1970.
fn boot_time() -> Option<f64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

/// A number in `/proc/self/status`.
fn status_number(status: &str, key: &str) -> Option<i64> {
    let value = status.lines().find_map(|line| line.strip_prefix(key))?;
    value.split_whitespace().next()?.parse().ok()
}
