//! The encoding of notifications between servers.

use guildhall::{
    bus::BusEvent,
    kernel::id::{CampaignId, GuildId, MemberId},
};

#[test]
fn an_encoded_notification_decodes_to_the_same_event() {
    for event in [
        BusEvent::Ballots(GuildId(1), CampaignId(2)),
        BusEvent::Campaign(GuildId(1), CampaignId(2)),
        BusEvent::Access(GuildId(3), None),
        BusEvent::Access(GuildId(3), Some(MemberId(4))),
    ] {
        assert_eq!(BusEvent::decode(&event.encode(7)), Some((7, event)));
    }
    assert_eq!(BusEvent::decode("7 something else"), None);
}
