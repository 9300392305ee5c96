//! Messages that are stored in the transaction of their cause and delivered later.
//!
//! A committed change never loses its messages, and a change that is rolled back sends none. The feature that delivers
//! the messages, such as `discord`, decides their wording and their destinations.

mod rows;
mod signals;
pub(crate) mod store;

pub use self::{
    rows::{MESSAGE_VALUES, Message, MessageKey, MessageKind, MessageState},
    signals::DeliverySignals,
};
