//! The ways in which the local Discord fails.

use std::time::Duration;

use serde_json::Value;

use super::{LocalDiscord, state::DiscordState};

impl LocalDiscord {
    /// Refuses messages with these parts, such as `embeds.0.url`.
    pub fn refuse_parts(&self, parts: &[&str]) {
        self.edit(|state| state.refused_parts = parts.iter().map(|part| (*part).to_owned()).collect());
    }

    /// Makes a user refuse direct messages.
    pub fn close_dms(&self, user: u64) {
        self.edit(|state| state.closed_dms.insert(user));
    }

    /// Makes a user accept direct messages again.
    pub fn open_dms(&self, user: u64) {
        self.edit(|state| state.closed_dms.remove(&user));
    }

    /// Sets whether requests of servers, their channels, roles and members get no response.
    pub fn hang_servers(&self, hang: bool) {
        self.edit(|state| state.servers_hang = hang);
    }

    /// While Discord is down, every request fails with 503 and the gateway accepts no connection.
    pub fn set_down(&self, down: bool) {
        self.edit(|state| {
            state.down = down;
            if down {
                state.cut_connections();
            }
        });
    }

    /// Makes the next requests fail, except those for the gateway's address.
    pub fn fail_next(&self, times: usize, status: u16) {
        self.edit(|state| state.failures.extend(std::iter::repeat_n(status, times)));
    }

    /// Makes every post to these channels fail.
    pub fn fail_channels(&self, channels: impl IntoIterator<Item = u64>, status: u16) {
        self.edit(|state| state.failing_channels.extend(channels.into_iter().map(|channel| (channel, status))));
    }

    /// Gives no response to posts to these channels.
    pub fn hang_channels(&self, channels: impl IntoIterator<Item = u64>) {
        self.edit(|state| state.hanging_channels.extend(channels));
    }

    /// Makes posts to all channels succeed again.
    pub fn heal_channels(&self) {
        self.edit(|state| {
            state.failing_channels.clear();
            state.hanging_channels.clear();
        });
    }

    /// Refuses the next times that direct messages are opened, because they were opened too fast. `retry_after` is in
    /// seconds.
    pub fn limit_direct_channels(&self, times: usize, retry_after: f64) {
        self.edit(|state| state.direct_channel_limits.extend(std::iter::repeat_n(retry_after, times)));
    }

    /// Rate-limits the next requests, except those for the gateway's address. `retry_after` is in seconds.
    pub fn rate_limit_next(&self, times: usize, retry_after: f64, global: bool) {
        self.edit(|state| state.rate_limits.extend(std::iter::repeat_n((retry_after, global), times)));
    }

    /// Rate-limits the next request with this `retry_after` in the body, and no time in the headers.
    pub fn rate_limit_next_with(&self, retry_after: Value) {
        self.edit(|state| state.odd_rate_limits.push_back(retry_after));
    }

    /// Refuses messages with embeds by this status and code.
    pub fn refuse_embeds(&self, refusal: Option<(u16, u32)>) {
        self.edit(|state| state.refused_embeds = refusal);
    }

    /// Sets the rate-limit headers of the response to every posted message. `reset_after` is in seconds.
    pub fn limit_channel(&self, limit: u32, remaining: u32, reset_after: f64) {
        self.edit(|state| state.channel_limit = Some((limit, remaining, reset_after)));
    }

    /// Loses the responses to the next posted messages.
    pub fn lose_next_responses(&self, times: usize) {
        self.edit(|state| state.lost_responses += times);
    }

    /// Holds posted messages back until the guard is dropped.
    pub fn hold(&self) -> HeldPosts {
        self.edit(|state| state.holds += 1);
        HeldPosts(self.clone())
    }

    /// Cuts the gateway's connections without a close frame.
    pub fn cut_gateway(&self) {
        self.edit(DiscordState::cut_connections);
    }

    /// Sets whether cut connections are reset, as by a broken network, or closed.
    pub fn reset_connections(&self, reset: bool) {
        self.edit(|state| state.resets_connections = reset);
    }

    /// Closes the gateway's connections; 1005 means a close frame without a code.
    pub fn close_gateway(&self, code: u16) {
        self.edit(|state| {
            let connections: Vec<u64> = state.connections.keys().copied().collect();
            for connection in connections {
                state.close_connection(connection, code);
            }
        });
    }

    /// Asks every client on the gateway to reconnect.
    pub fn request_reconnect(&self) {
        self.edit(|state| {
            let connections: Vec<u64> = state.connections.keys().copied().collect();
            for connection in connections {
                state.send_op(connection, 7, &Value::Null);
            }
        });
    }

    /// Tells every client on the gateway that its session is invalid, and whether it can be resumed.
    pub fn end_sessions(&self, resumable: bool) {
        self.edit(|state| state.end_sessions(resumable));
    }

    /// Sets whether the gateway greets no connection.
    pub fn withhold_hello(&self, withhold: bool) {
        self.edit(|state| state.withholds_hello = withhold);
    }

    /// Sets whether the gateway gives no response to clients that identify or resume.
    pub fn withhold_sessions(&self, withhold: bool) {
        self.edit(|state| state.withholds_sessions = withhold);
    }

    /// Sets whether the gateway tells clients that resume to try again.
    pub fn defer_resumes(&self, defer: bool) {
        self.edit(|state| state.defers_resumes = defer);
    }

    /// Sets how many sessions may still be started, and the time until there are more.
    pub fn limit_sessions(&self, remaining: u64, reset_after: Duration) {
        let reset_after = reset_after.as_millis().try_into().expect("a short time");
        self.edit(|state| state.session_starts = Some((remaining, reset_after)));
    }

    /// Sets whether every new session is invalid.
    pub fn invalidate_sessions(&self, invalid: bool) {
        self.edit(|state| state.invalidates_sessions = invalid);
    }

    /// Closes every new session with this code after its `READY`; `None` leaves it open.
    pub fn close_sessions(&self, code: Option<u16>) {
        self.edit(|state| state.closes_sessions = code);
    }

    /// Sets the time between two heartbeats of later connections.
    pub fn set_heartbeat_interval(&self, interval: Duration) {
        let interval = interval.as_millis().try_into().expect("a short time");
        self.edit(|state| state.heartbeat_interval = Some(interval));
    }

    /// Sends nothing on the gateway's connections until a client connects again.
    pub fn mute_connections(&self) {
        self.edit(|state| state.is_zombie = true);
    }

    /// Rejects the next attempt to resume, so that the client must identify.
    pub fn reject_resume(&self) {
        self.edit(|state| state.rejects_resume = true);
    }

    /// Refuses the next edits, because the message is older than an hour and was edited too often.
    pub fn limit_edits(&self, times: usize) {
        self.edit(|state| state.edit_limits += times);
    }

    /// Refuses all edits, with a status and Discord's code.
    pub fn refuse_edits(&self, refusal: Option<(u16, u32)>) {
        self.edit(|state| state.refused_edits = refusal);
    }

    /// Makes a change after the next page of members was read, and before the response is sent.
    pub fn after_next_page(&self, change: impl FnOnce(&Self) + Send + 'static) {
        let discord = self.clone();
        self.edit(|state| state.after_page = Some(Box::new(move || change(&discord))));
    }
}

/// Holds posted messages back until it is dropped.
#[must_use]
pub struct HeldPosts(LocalDiscord);

impl HeldPosts {
    /// Waits until this number of posts is held back.
    pub async fn wait_for(&self, posts: usize) {
        let enough = |discord: &LocalDiscord| discord.read(|state| state.held_posts >= posts).then_some(());
        self.0.until(&format!("{posts} held posts"), enough).await;
    }
}

impl Drop for HeldPosts {
    fn drop(&mut self) {
        self.0.edit(|state| state.holds -= 1);
    }
}
