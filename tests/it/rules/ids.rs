//! Global ids.

use async_graphql::ID;
use guildhall::kernel::id::{CampaignId, GlobalId, InvalidId, MemberId, RankId, ballot_id};
use proptest::prelude::*;

proptest! {
    #[test]
    fn an_encoded_id_decodes_to_itself(number: i64, other: i64) {
        let member = MemberId(number);
        prop_assert_eq!(MemberId::try_from(&ID::from(member)), Ok(member));
        prop_assert_eq!(RankId::try_from(&ID::from(member)), Err(InvalidId));
        prop_assert_eq!(GlobalId::try_from(&ID::from(member)), Ok(GlobalId::MemberId(member)));
        let ballot = GlobalId::Ballot(CampaignId(number), MemberId(other));
        prop_assert_eq!(GlobalId::try_from(&ballot_id(CampaignId(number), MemberId(other))), Ok(ballot));
    }

    #[test]
    fn other_texts_are_unknown_or_the_only_spelling_of_an_id(text: String) {
        let id = ID::from(text);
        if let Ok(member) = MemberId::try_from(&id) {
            prop_assert_eq!(ID::from(member), id);
        }
    }
}
