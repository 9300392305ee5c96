//! Notifies systemd of the server's state (`Type=notify`, `WatchdogSec=`):
//! <https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html>.

use std::{
    env,
    ffi::OsStr,
    io,
    os::{
        linux::net::SocketAddrExt,
        unix::{
            ffi::OsStrExt,
            net::{SocketAddr, UnixDatagram},
        },
    },
    time::Duration,
};

use tokio::task::JoinSet;

/// The server has started.
pub(super) const READY: &str = "READY=1";
/// The server shuts down.
pub(super) const STOPPING: &str = "STOPPING=1";
/// The server still works.
const ALIVE: &str = "WATCHDOG=1";

/// Sends a state to the service manager, if the process was started by one that wants it.
pub(super) fn notify(state: &str) {
    let Some(socket) = env::var_os("NOTIFY_SOCKET").filter(|socket| !socket.is_empty()) else { return };
    if let Err(error) = send(&socket, state) {
        tracing::warn!(%error, state, "could not notify systemd");
    }
}

fn send(socket: &OsStr, state: &str) -> io::Result<()> {
    let address = match socket.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(socket)?,
    };
    UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), &address).map(|_| ())
}

/// Reports twice per interval that the server works, if the unit has a watchdog. A blocked runtime reports nothing, and
/// systemd restarts the server. Ends when the set is dropped.
pub(super) fn start_watchdog() -> JoinSet<()> {
    let mut task = JoinSet::new();
    let number = |name| env::var(name).ok()?.parse::<u64>().ok();
    let is_ours = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
    if let Some(interval) = number("WATCHDOG_USEC").filter(|interval| is_ours && *interval > 0) {
        task.spawn(async move {
            let mut ticks = tokio::time::interval(Duration::from_micros(interval / 2).max(Duration::from_millis(1)));
            loop {
                ticks.tick().await;
                notify(ALIVE);
            }
        });
    }
    task
}
