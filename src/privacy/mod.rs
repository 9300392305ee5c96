//! Personal data: what the server keeps about a member, its export, its erasure, and its deletion after a while.

mod erase;
mod export;
mod redaction;
mod retention;
mod store;

pub use self::{
    erase::{erase_member, erase_member_as_operator},
    export::{PersonalData, export_member, export_viewer},
    redaction::{FormerNames, redact},
    retention::{Retention, clean_up},
};
