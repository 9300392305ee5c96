//! The memory for responses that clients have not read.

use std::{sync::Arc, task::Poll, time::Duration};

use futures_util::{FutureExt, poll};
use guildhall::{
    http::{MAX_UNREAD, ResponseMemory},
    kernel::{
        clock::Clock,
        error::{Code, Refusal},
        metrics::Metrics,
    },
};

use crate::support::start_time;

const MIB: usize = 1_024 * 1_024;

fn memory() -> (Clock, Arc<Metrics>, Arc<ResponseMemory>) {
    let (clock, metrics) = (Clock::manual(start_time()), Arc::new(Metrics::default()));
    let memory = ResponseMemory::new(&clock, &metrics);
    (clock, metrics, memory)
}

#[tokio::test]
async fn responses_are_charged_until_they_are_read() {
    let (_, metrics, memory) = memory();
    let client = memory.connect();
    let (first, second) = (client.charge(30 * MIB).await.unwrap(), client.charge(1_000).await.unwrap());
    assert_eq!(metrics.unread_bytes.get(), 30 * 1_024 * 1_024 + 1_000);
    drop(first);
    client.release_when_flushed(second);
    assert_eq!(metrics.unread_bytes.get(), 1_000);
    client.has_flushed();
    assert_eq!(metrics.unread_bytes.get(), 0);
    // A response that is larger than the limit is sent if no other large one is.
    assert!(client.charge(3 * MAX_UNREAD).await.is_ok());
}

#[tokio::test]
async fn a_stalled_client_is_cut_off_when_another_needs_its_memory() {
    let (clock, metrics, memory) = memory();
    let (slow, stalled, new) = (memory.connect(), memory.connect(), memory.connect());
    let (_slow_charge, charge) = (slow.charge(20 * MIB).await.unwrap(), stalled.charge(20 * MIB).await.unwrap());
    let mut waiting = Box::pin(new.charge(10 * MIB));
    assert!(poll!(&mut waiting).is_pending());
    assert!(stalled.cut_off().now_or_never().is_none());
    clock.advance(Duration::from_secs(1));
    slow.has_read();
    clock.advance(Duration::from_secs(1));
    assert!(poll!(&mut waiting).is_pending());
    stalled.cut_off().await;
    assert!(slow.cut_off().now_or_never().is_none(), "a client that reads slowly is not cut off");
    drop(charge);
    assert!(waiting.await.is_ok());
    assert_eq!((metrics.clients_cut_off.get(), metrics.responses_refused.get()), (1, 0));
}

#[tokio::test]
async fn a_response_without_room_is_refused_and_small_ones_are_not() {
    let (clock, metrics, memory) = memory();
    let (reading, new) = (memory.connect(), memory.connect());
    let charge = reading.charge(40 * MIB).await.unwrap();
    assert!(new.charge(64 * 1_024).await.is_ok(), "small responses have a reserve");
    let mut waiting = Box::pin(new.charge(10 * MIB));
    assert!(poll!(&mut waiting).is_pending());
    // Too many bytes would wait.
    let refusal = new.charge(10 * MIB).await.err().unwrap();
    assert!(matches!(refusal, Refusal { code: Code::RateLimited, retry_after_seconds: Some(1), .. }), "{refusal:?}");
    let waited = loop {
        clock.advance(Duration::from_secs(1));
        reading.has_read();
        if let Poll::Ready(waited) = poll!(&mut waiting) {
            break waited;
        }
    };
    assert_eq!(waited.err().unwrap().code, Code::RateLimited);
    assert_eq!((metrics.clients_cut_off.get(), metrics.responses_refused.get()), (0, 2));
    // A response to an event waits for as long as it takes.
    let mut event = Box::pin(new.charge_event(10 * MIB));
    assert!(poll!(&mut event).is_pending());
    drop(charge);
    drop(event.await);
    assert_eq!(metrics.unread_bytes.get(), 0);
}
