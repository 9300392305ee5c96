//! Responses that subscribers share.

use std::sync::Arc;

use guildhall::live::{CacheSlot, CachedResponse, ResponseCache, ResponseKey};

const KIB: usize = 1_024;

fn key(number: u8) -> ResponseKey {
    [number; 32]
}

/// Executes an operation with a response of this length. Returns whether another subscriber shares it.
async fn is_shared(cache: &ResponseCache, number: u8, length: usize) -> bool {
    let CacheSlot::Execute(sender) = cache.slot(&key(number)) else { panic!("operation {number} is known already") };
    let CacheSlot::Wait(mut waiting) = cache.slot(&key(number)) else { panic!("operation {number} runs twice") };
    let response: Arc<str> = "x".repeat(length).into();
    cache.share(&sender, Some(&response));
    match waiting.wait_for(Option::is_some).await.expect("the sender is alive").clone() {
        Some(CachedResponse::ForAll(shared)) => Arc::ptr_eq(&shared, &response),
        _ => false,
    }
}

#[tokio::test]
async fn a_response_is_shared_up_to_a_size() {
    let cache = ResponseCache::default();
    assert!(is_shared(&cache, 1, 10).await);
    // The comparisons of 200 entries.
    assert!(is_shared(&cache, 2, 500 * KIB).await);
    assert!(is_shared(&cache, 3, KIB * KIB).await);
    assert!(!is_shared(&cache, 4, KIB * KIB + 1).await);
}

#[tokio::test]
async fn the_responses_to_an_event_have_a_limit_together() {
    let cache = ResponseCache::default();
    for number in 0..16 {
        assert!(is_shared(&cache, number, KIB * KIB).await, "{number}");
    }
    assert!(!is_shared(&cache, 100, 1).await);
}

#[tokio::test]
async fn a_personal_response_is_not_shared() {
    let cache = ResponseCache::default();
    let CacheSlot::Execute(sender) = cache.slot(&key(1)) else { panic!("a new operation") };
    let CacheSlot::Wait(mut waiting) = cache.slot(&key(1)) else { panic!("a known operation") };
    cache.share(&sender, None);
    let personal = waiting.wait_for(Option::is_some).await.expect("the sender is alive").clone();
    assert!(matches!(personal, Some(CachedResponse::Personal)));
}
