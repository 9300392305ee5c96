//! Checks the machine: the address to listen on, and the limit of open files.

use std::{io::ErrorKind, time::Duration};

use rlimit::Resource;
use tokio::net::TcpListener;

use super::report::DoctorReport;
use crate::{cli::health, cli::settings::ListenSettings};

/// With fewer open files than this, the doctor warns: each subscriber needs one.
const FEW_FILES: u64 = 4_096;

/// Checks whether the address is free, or in use by a Guildhall server.
pub(super) async fn address(report: &mut DoctorReport, listen: &ListenSettings) {
    const CHECK: &str = "address";
    let bind = listen.bind;
    let Err(error) = TcpListener::bind(bind).await else { return report.ok(CHECK, format!("{bind} is free")) };
    let remedy = match error.kind() {
        ErrorKind::AddrInUse => match health::check_readiness(&health::local_url(bind), Duration::from_secs(3)).await {
            Ok(readiness) => return report.ok(CHECK, format!("{bind} is in use by a server that is {readiness}")),
            Err(_) => {
                "stop the program that listens there (`ss -ltnp` shows it), or choose another address with GUILDHALL_BIND"
            }
        },
        ErrorKind::AddrNotAvailable => "choose an address of this machine with GUILDHALL_BIND",
        ErrorKind::PermissionDenied => {
            "choose a port of 1024 or higher with GUILDHALL_BIND, and let a proxy listen on lower ones"
        }
        _ => "choose another address with GUILDHALL_BIND",
    };
    report.fail(CHECK, format!("cannot listen on {bind}: {error}"), remedy);
}

/// Checks the limit of open files, and so of connections.
pub(super) fn open_files(report: &mut DoctorReport) {
    const CHECK: &str = "files";
    // The server raises its soft limit to the hard limit.
    match rlimit::getrlimit(Resource::NOFILE) {
        Ok((_, limit)) if limit < FEW_FILES => {
            let message = format!("at most {limit} files may be open, and each connection needs one");
            report.warn(
                CHECK,
                message,
                "raise the hard limit: LimitNOFILE=65536 in a systemd unit, `ulimits` in compose",
            );
        }
        Ok((_, limit)) => report.ok(CHECK, format!("{limit} files may be open")),
        Err(error) => {
            report.warn(CHECK, format!("the limit of open files is unknown: {error}"), "check `ulimit -Hn`");
        }
    }
}
