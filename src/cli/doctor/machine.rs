//! What the machine gives: an address, and open files.

use std::{io::ErrorKind, time::Duration};

use rlimit::Resource;
use tokio::net::TcpListener;

use super::report::DoctorReport;
use crate::{cli::health, cli::settings::Listen};

/// So many open files are few for those who watch.
const FEW_FILES: u64 = 4_096;

/// Whether the address can be had, or is held by a server of ours.
pub(super) async fn address(report: &mut DoctorReport, listen: &Listen) {
    const CHECK: &str = "address";
    let bind = listen.bind;
    let Err(error) = TcpListener::bind(bind).await else { return report.ok(CHECK, format!("{bind} is free")) };
    let remedy = match error.kind() {
        ErrorKind::AddrInUse => match health::check_readiness(&health::nearest(bind), Duration::from_secs(3)).await {
            Ok(standing) => return report.ok(CHECK, format!("{bind} is held by a server that is {standing}")),
            Err(_) => "end what listens there (`ss -ltnp` tells), or choose another address with GUILDHALL_BIND",
        },
        ErrorKind::AddrNotAvailable => "choose an address of this machine with GUILDHALL_BIND",
        ErrorKind::PermissionDenied => {
            "choose a port from 1024 on with GUILDHALL_BIND, and let a proxy have the others"
        }
        _ => "choose another address with GUILDHALL_BIND",
    };
    report.fail(CHECK, format!("cannot listen on {bind}: {error}"), remedy);
}

/// How many may be connected.
pub(super) fn open_files(report: &mut DoctorReport) {
    const CHECK: &str = "files";
    // The server raises its own limit as far as it may.
    match rlimit::getrlimit(Resource::NOFILE) {
        Ok((_, most)) if most < FEW_FILES => {
            let message = format!("at most {most} files may be open, and each who watches is one");
            report.warn(
                CHECK,
                message,
                "raise the hard limit: LimitNOFILE=65536 in a systemd unit, `ulimits` in compose",
            );
        }
        Ok((_, most)) => report.ok(CHECK, format!("{most} files may be open")),
        Err(error) => {
            report.warn(CHECK, format!("the limit of open files cannot be told: {error}"), "see `ulimit -Hn`");
        }
    }
}
