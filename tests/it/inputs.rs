//! Refused inputs: all fields at fault at once, and ids that do not exist.

use async_graphql::ID;
use guildhall::kernel::id::{EntryId, MemberId, RankId};
use serde_json::{Value, json};

use crate::support::{
    Client, LocalDiscord, PASSWORD, TestApp, TestCampaign,
    documents::{
        CREATE_CHARACTER, CREATE_MEMBER, REGISTER_MEMBER, SEND_INVITE, SEND_RESET_CODE, UPDATE_MEMBER, UPDATE_RANK,
    },
    on_both, refusal_in,
};

/// The items of `extensions.fields` as `field` or `field REASON`, after the error's code.
fn fields_in(response: &Value) -> Vec<String> {
    let extensions = &response["errors"][0]["extensions"];
    let text = |value: &Value| value.as_str().map(|it| format!(" {it}")).unwrap_or_default();
    let mut found = vec![extensions["code"].as_str().unwrap_or_else(|| panic!("{response}")).to_owned()];
    for item in extensions["fields"].as_array().unwrap_or_else(|| panic!("no fields: {response}")) {
        assert!(item["message"].as_str().is_some_and(|it| it.ends_with('.')), "{response}");
        found.push(format!("{}{}", item["field"].as_str().unwrap(), text(&item["reason"])));
    }
    found
}

async fn refused_fields(client: &Client<'_>, mutation: &str, input: &str, value: Value) -> Vec<String> {
    let query = format!("mutation($input: {input}!) {{ {mutation}(input: $input) {{ __typename }} }}");
    let response = client.run(&query, json!({ "input": value })).await;
    assert_eq!(response["data"], json!({ mutation: null }), "{response}");
    fields_in(&response)
}

#[on_both]
async fn a_campaign_is_refused_with_all_fields_at_fault(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let create = async |value: Value| refused_fields(&officer, "createCampaign", "CreateCampaignInput", value).await;
    let unknown = ID::from(MemberId(7)).to_string();

    let three = json!({ "title": "", "minRankLevelToVote": 99, "durationHours": 0 });
    assert_eq!(create(three).await, ["BAD_USER_INPUT", "title", "minRankLevelToVote RANK_TOO_LOW", "durationHours"]);
    let all = json!({
        "title": "x".repeat(201), "description": "\u{7}", "picksPerVoter": 11, "seats": 2, "minRankLevelToVote": 0,
        "minRankLevelToView": 1001, "startAt": "1999-01-01T00:00:00Z", "durationHours": 8761, "discordChannelId": "x",
        "entries": [
            { "name": "Karazhan" },
            { "name": " ", "description": "\u{7}", "imageUrl": "ftp://x", "associatedMemberId": unknown },
            { "name": "Onyxia", "associatedMemberId": "not an id" },
        ],
    });
    let mut refused = create(all).await;
    assert_eq!(refused.remove(0), "BAD_USER_INPUT");
    refused.sort_unstable();
    assert_eq!(
        refused,
        [
            "description",
            "discordChannelId",
            "durationHours",
            "entries[1].associatedMemberId",
            "entries[1].description",
            "entries[1].imageUrl",
            "entries[1].name",
            "entries[2].associatedMemberId",
            "minRankLevelToView",
            "minRankLevelToVote",
            "picksPerVoter",
            "seats",
            "startAt",
            "title",
        ]
    );

    // Without malformed input, the code is that of the first field.
    let valid = json!({ "title": "Raid", "minRankLevelToVote": 99, "durationHours": 1,
        "entries": [{ "name": "Karazhan", "associatedMemberId": unknown }] });
    assert_eq!(create(valid).await, ["FORBIDDEN", "minRankLevelToVote RANK_TOO_LOW", "entries[0].associatedMemberId"]);

    let draft = TestCampaign::draft(&officer, 2, json!({})).await;
    let change = json!({ "id": draft.id, "title": " ", "minRankLevelToVote": 5, "durationHours": 0, "seats": 0 });
    let mut refused = refused_fields(&officer, "updateCampaign", "UpdateCampaignInput", change).await;
    refused.sort_unstable();
    assert_eq!(refused, ["BAD_USER_INPUT", "durationHours", "minRankLevelToVote RANK_TOO_LOW", "seats", "title"]);
    let entry = json!({ "name": "", "imageUrl": "x", "associatedMemberId": unknown });
    assert_eq!(
        refused_fields(&officer, "addEntry", "AddEntryInput", json!({ "campaignId": draft.id, "entry": entry })).await,
        ["BAD_USER_INPUT", "entry.name", "entry.imageUrl", "entry.associatedMemberId"]
    );
    let entry = json!({ "id": draft.entries[0], "name": "", "imageUrl": "x", "associatedMemberId": unknown });
    assert_eq!(
        refused_fields(&officer, "updateEntry", "UpdateEntryInput", entry).await,
        ["BAD_USER_INPUT", "name", "imageUrl", "associatedMemberId"]
    );
    let live = TestCampaign::live(&officer, 2, json!({ "picksPerVoter": 2 })).await;
    let ballot = json!({ "campaignId": live.id, "picks": [live.entries[0]], "nonce": "x" });
    assert_eq!(
        refused_fields(&officer, "castBallot", "CastBallotInput", ballot).await,
        ["BAD_USER_INPUT", "picks WRONG_PICK_COUNT", "nonce"]
    );
}

#[on_both]
async fn a_roster_change_is_refused_with_all_fields_at_fault(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, officer) = (guild.leader().await, guild.member("officer", "Officer").await);
    let member = guild.member("member", "Member").await;
    let long = "x".repeat(5_001);

    let rank = json!({ "name": " ", "level": 1001, "description": long, "permissions": [], "discordRoleId": "x" });
    assert_eq!(
        refused_fields(&leader, "createRank", "CreateRankInput", rank.clone()).await,
        ["BAD_USER_INPUT", "name", "level", "description", "discordRoleId"]
    );
    let rank = json!({ "name": " ", "level": 5, "permissions": [] });
    assert_eq!(
        refused_fields(&leader, "createRank", "CreateRankInput", rank).await,
        ["BAD_USER_INPUT", "name", "level RANK_TOO_LOW"]
    );
    let initiate = ID::from(guild.rank("Initiate").id).to_string();
    let rank = json!({ "id": initiate, "name": " ", "level": 0, "description": long, "discordRoleId": "x" });
    assert_eq!(
        refused_fields(&leader, "updateRank", "UpdateRankInput", rank).await,
        ["BAD_USER_INPUT", "name", "level", "description", "discordRoleId"]
    );

    let unknown = ID::from(RankId(7)).to_string();
    let new = json!({ "discordUsername": "@", "discordId": "x", "displayName": "x".repeat(101), "rankId": unknown });
    assert_eq!(
        refused_fields(&officer, "createMember", "CreateMemberInput", new.clone()).await,
        ["BAD_USER_INPUT", "rankId", "discordUsername", "displayName", "discordId"]
    );
    let leader_rank = ID::from(guild.rank("Guild Leader").id).to_string();
    let new = json!({ "discordUsername": " ", "rankId": leader_rank });
    assert_eq!(
        refused_fields(&officer, "createMember", "CreateMemberInput", new).await,
        ["BAD_USER_INPUT", "rankId RANK_TOO_LOW", "discordUsername"]
    );
    let change = json!({ "id": member.id, "discordUsername": "", "displayName": "\u{7}", "discordId": "-1",
        "rankId": "not an id" });
    assert_eq!(
        refused_fields(&officer, "updateMember", "UpdateMemberInput", change).await,
        ["BAD_USER_INPUT", "discordUsername", "displayName", "discordId", "rankId"]
    );

    let new = json!({ "name": "", "realm": " ", "class": "MAGE", "spec": "Holy", "role": "HEALER" });
    assert_eq!(
        refused_fields(&member, "createCharacter", "CreateCharacterInput", new).await,
        ["BAD_USER_INPUT", "name", "realm", "spec"]
    );
    let new = json!({ "memberId": "not an id", "name": "", "realm": "R", "class": "MAGE", "role": "HEALER" });
    assert_eq!(
        refused_fields(&officer, "createCharacter", "CreateCharacterInput", new).await,
        ["BAD_USER_INPUT", "memberId", "name"]
    );
    let create = "mutation($input: CreateCharacterInput!) { createCharacter(input: $input) { character { id } } }";
    let new = json!({ "name": "Jaina", "realm": "Proudmoore", "class": "MAGE", "role": "RANGED_DPS" });
    let created = member.ok(create, json!({ "input": new })).await;
    let id = &created["createCharacter"]["character"]["id"];
    let change = json!({ "id": id, "name": "", "realm": "", "spec": "Holy" });
    assert_eq!(
        refused_fields(&member, "updateCharacter", "UpdateCharacterInput", change).await,
        ["BAD_USER_INPUT", "name", "realm", "spec"]
    );
}

#[on_both]
async fn taken_names_are_refused_together_with_other_fields(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, member) = (guild.leader().await, guild.member("member", "Member").await);
    let twin = json!({ "discordUsername": "twin", "discordId": "700000000000000001" });
    leader.ok(CREATE_MEMBER, json!({ "input": twin })).await;
    let taken = json!({ "discordUsername": "Twin", "discordId": "700000000000000001" });
    let both = ["CONFLICT", "discordUsername NAME_TAKEN", "discordId NAME_TAKEN"];
    assert_eq!(refused_fields(&leader, "createMember", "CreateMemberInput", taken.clone()).await, both);
    // Two members can have the two names.
    let other = json!({ "discordUsername": "other", "discordId": "700000000000000002" });
    leader.ok(CREATE_MEMBER, json!({ "input": other })).await;
    let change = json!({ "id": member.id, "discordUsername": "other", "discordId": "700000000000000001" });
    assert_eq!(refused_fields(&leader, "updateMember", "UpdateMemberInput", change).await, both);
    let long = json!({ "discordUsername": "twin", "displayName": "x".repeat(101), "discordId": "x" });
    assert_eq!(
        refused_fields(&leader, "createMember", "CreateMemberInput", long).await,
        ["BAD_USER_INPUT", "displayName", "discordId", "discordUsername NAME_TAKEN"]
    );
    // Members above the officer are refused alone.
    let officer = guild.member("officer", "Officer").await;
    let change = json!({ "input": { "id": leader.id, "discordUsername": "twin" } });
    assert_eq!(officer.refusal(UPDATE_MEMBER, change).await, "FORBIDDEN RANK_TOO_LOW");

    let rank = json!({ "name": "OFFICER", "level": 1, "permissions": [] });
    assert_eq!(
        refused_fields(&leader, "createRank", "CreateRankInput", rank).await,
        ["CONFLICT", "name NAME_TAKEN", "level LEVEL_TAKEN"]
    );
    let veteran = ID::from(guild.rank("Veteran").id).to_string();
    let rank = json!({ "id": veteran, "name": "Officer ", "level": 4, "discordRoleId": "x" });
    assert_eq!(
        refused_fields(&leader, "updateRank", "UpdateRankInput", rank).await,
        ["BAD_USER_INPUT", "discordRoleId", "name NAME_TAKEN", "level LEVEL_TAKEN"]
    );
    // Its own name and level are not taken.
    let rank = json!({ "id": veteran, "name": "VETERAN", "level": 3 });
    leader.ok(UPDATE_RANK, json!({ "input": rank })).await;

    let new = json!({ "name": "Jaina", "realm": "Proudmoore", "class": "MAGE", "role": "RANGED_DPS" });
    member.ok(CREATE_CHARACTER, json!({ "input": new })).await;
    let new = json!({ "name": "jaina", "realm": "Proudmoore", "class": "MAGE", "spec": "Holy", "role": "HEALER" });
    assert_eq!(
        refused_fields(&member, "createCharacter", "CreateCharacterInput", new).await,
        ["BAD_USER_INPUT", "spec", "name NAME_TAKEN"]
    );
}

#[on_both]
async fn an_unknown_target_is_refused_together_with_other_fields(app: TestApp) {
    let (guild, elsewhere) = (app.guild("gg").await, app.guild("hh").await);
    let (leader, stranger) = (guild.leader().await, elsewhere.leader().await);
    let foreign = TestCampaign::draft(&stranger, 2, json!({})).await;
    let foreign_rank = ID::from(elsewhere.rank("Initiate").id).to_string();
    let new = json!({ "name": "Jaina", "realm": "R", "class": "MAGE", "role": "RANGED_DPS" });
    let foreign_character = stranger.ok(CREATE_CHARACTER, json!({ "input": new })).await;
    let foreign_character = foreign_character["createCharacter"]["character"]["id"].as_str().unwrap();
    let unknown_member = ID::from(MemberId(7)).to_string();

    for id in [&foreign_rank, "not an id", ""] {
        let rank = json!({ "id": id, "name": " ", "level": 0, "discordRoleId": "x" });
        assert_eq!(
            refused_fields(&leader, "updateRank", "UpdateRankInput", rank).await,
            ["BAD_USER_INPUT", "id", "name", "level", "discordRoleId"]
        );
    }
    for id in [&stranger.id, "not an id", &unknown_member] {
        let change = json!({ "id": id, "discordUsername": "", "discordId": "x", "rankId": foreign_rank });
        assert_eq!(
            refused_fields(&leader, "updateMember", "UpdateMemberInput", change).await,
            ["BAD_USER_INPUT", "id", "discordUsername", "discordId", "rankId"]
        );
    }
    let taken = json!({ "id": unknown_member, "discordUsername": "leader" });
    let taken = refused_fields(&leader, "updateMember", "UpdateMemberInput", taken).await;
    assert_eq!(taken, ["NOT_FOUND", "id"], "the actor's own name is as good as unchanged");
    for id in [foreign_character, "not an id"] {
        let change = json!({ "id": id, "name": "", "realm": "", "class": "MAGE", "spec": "Holy" });
        assert_eq!(
            refused_fields(&leader, "updateCharacter", "UpdateCharacterInput", change).await,
            ["BAD_USER_INPUT", "id", "name", "realm", "spec"]
        );
    }
    for id in [foreign.id.as_str(), "not an id"] {
        let change = json!({ "id": id, "title": "", "picksPerVoter": 11, "seats": 2, "minRankLevelToVote": 99,
            "durationHours": 0, "discordChannelId": "x", "startAt": "1999-01-01T00:00:00Z", "description": "\u{7}" });
        let mut refused = refused_fields(&leader, "updateCampaign", "UpdateCampaignInput", change).await;
        assert_eq!(refused.drain(..2).collect::<Vec<_>>(), ["BAD_USER_INPUT", "id"]);
        refused.sort_unstable();
        assert_eq!(
            refused,
            [
                "description",
                "discordChannelId",
                "durationHours",
                "minRankLevelToVote RANK_TOO_LOW",
                "picksPerVoter",
                "startAt",
                "title"
            ],
            "two seats are right for one method"
        );
        let entry = json!({ "campaignId": id, "entry": { "name": "", "associatedMemberId": unknown_member } });
        assert_eq!(
            refused_fields(&leader, "addEntry", "AddEntryInput", entry).await,
            ["BAD_USER_INPUT", "campaignId", "entry.name", "entry.associatedMemberId"]
        );
        // Nothing tells that the other guild's campaign has such an entry.
        let entry = json!({ "campaignId": id, "entry": { "name": "entry 0" } });
        assert_eq!(refused_fields(&leader, "addEntry", "AddEntryInput", entry).await, ["NOT_FOUND", "campaignId"]);
        let ballot = json!({ "campaignId": id, "picks": [foreign.entries[0]], "nonce": "x" });
        assert_eq!(
            refused_fields(&leader, "castBallot", "CastBallotInput", ballot).await,
            ["BAD_USER_INPUT", "campaignId", "nonce"]
        );
    }
    for id in [foreign.entries[0].as_str(), "not an id"] {
        let change = json!({ "id": id, "name": "", "imageUrl": "x", "associatedMemberId": unknown_member });
        assert_eq!(
            refused_fields(&leader, "updateEntry", "UpdateEntryInput", change).await,
            ["BAD_USER_INPUT", "id", "name", "imageUrl", "associatedMemberId"]
        );
    }
}

#[on_both]
async fn a_code_or_password_is_refused_together_with_a_new_password(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, member) = (guild.leader().await, guild.member("member", "Member").await);
    let (new, anyone) = (guild.unregistered("new", "Member").await, guild.anonymous());
    let invite = leader.ok(SEND_INVITE, json!({ "id": new.id })).await["sendInvite"]["code"].clone();
    let reset = leader.ok(SEND_RESET_CODE, json!({ "id": member.id })).await["sendResetCode"]["code"].clone();

    for (code, name) in [(json!("22222222"), "new"), (json!(""), "new"), (invite.clone(), "nobody")] {
        let input = json!({ "inviteCode": code, "discordUsername": name, "password": "short" });
        assert_eq!(
            refused_fields(&anyone, "register", "RegisterInput", input).await,
            ["BAD_USER_INPUT", "inviteCode INVALID_CODE", "password PASSWORD_TOO_SHORT"]
        );
        let input = json!({ "resetCode": code, "discordUsername": name, "newPassword": "x".repeat(257) });
        assert_eq!(
            refused_fields(&anyone, "resetPassword", "ResetPasswordInput", input).await,
            ["BAD_USER_INPUT", "resetCode INVALID_CODE", "newPassword"]
        );
    }
    let change = json!({ "currentPassword": "wrong password", "newPassword": "short" });
    assert_eq!(
        refused_fields(&member, "changePassword", "ChangePasswordInput", change).await,
        ["BAD_USER_INPUT", "currentPassword BAD_CREDENTIALS", "newPassword PASSWORD_TOO_SHORT"]
    );
    // A right code or password is not at fault, and stays valid.
    let input = json!({ "inviteCode": invite, "discordUsername": "new", "password": "short" });
    assert_eq!(
        refused_fields(&anyone, "register", "RegisterInput", input).await,
        ["BAD_USER_INPUT", "password PASSWORD_TOO_SHORT"]
    );
    let input = json!({ "inviteCode": invite, "discordUsername": "new", "password": PASSWORD });
    anyone.ok(REGISTER_MEMBER, json!({ "input": input })).await;
    let input = json!({ "resetCode": reset, "discordUsername": "member", "newPassword": "short" });
    assert_eq!(
        refused_fields(&anyone, "resetPassword", "ResetPasswordInput", input).await,
        ["BAD_USER_INPUT", "newPassword PASSWORD_TOO_SHORT"]
    );
    let change = json!({ "currentPassword": PASSWORD, "newPassword": "short" });
    assert_eq!(
        refused_fields(&member, "changePassword", "ChangePasswordInput", change).await,
        ["BAD_USER_INPUT", "newPassword PASSWORD_TOO_SHORT"]
    );
    // Guesses with a refused password count as guesses.
    let guess = json!({ "resetCode": "22222222", "discordUsername": "member", "newPassword": "short" });
    for _ in 0..10 {
        refused_fields(&anyone, "resetPassword", "ResetPasswordInput", guess.clone()).await;
    }
    let query = "mutation($input: ResetPasswordInput!) { resetPassword(input: $input) { __typename } }";
    assert_eq!(anyone.refusal(query, json!({ "input": guess })).await, "RATE_LIMITED");
}

#[on_both]
async fn other_refusals_list_their_field(app: TestApp) {
    let discord = LocalDiscord::start().await;
    let app = app.with_bot(&discord).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let link = json!({ "serverId": "x", "channelId": "x", "campaignUrl": "https://x.example/", "color": "red",
        "thumbnailUrl": "x", "newcomerRankId": "x", "syncIntervalMinutes": 1 });
    assert_eq!(
        refused_fields(&leader, "linkDiscord", "LinkDiscordInput", link).await,
        [
            "BAD_USER_INPUT",
            "serverId",
            "channelId",
            "campaignUrl",
            "color",
            "thumbnailUrl",
            "syncIntervalMinutes",
            "newcomerRankId"
        ]
    );
    // A conflict and a single field have the list too.
    leader.ok(CREATE_MEMBER, json!({ "input": { "discordUsername": "twin" } })).await;
    let twin = leader.run(CREATE_MEMBER, json!({ "input": { "discordUsername": "TWIN" } })).await;
    assert_eq!(fields_in(&twin), ["CONFLICT", "discordUsername NAME_TAKEN"]);
    let page = leader.run("{ members(first: 0, after: \"x\", before: \"y\") { totalCount } }", json!({})).await;
    assert_eq!(fields_in(&page), ["BAD_USER_INPUT", "first", "after", "before"]);
    // So have a page and its filter together.
    let (member, visitor) = (guild.member("member", "Member").await, guild.anonymous());
    let long = "x".repeat(201);
    let members = |filter: &str, order: &str| {
        format!("{{ members(first: 0, filter: {{ search: \"{long}\" {filter} }}, {order}) {{ totalCount }} }}")
    };
    let page = visitor.run(&members("registered: true", "last: 0"), json!({})).await;
    assert_eq!(fields_in(&page)[0], "BAD_USER_INPUT");
    assert_eq!(fields_in(&page)[fields_in(&page).len() - 2..], ["search", "registered"]);
    let page = member.run(&members("", "orderBy: { field: LAST_SEEN_AT }"), json!({})).await;
    assert_eq!(fields_in(&page), ["BAD_USER_INPUT", "orderBy PERMISSION_REQUIRED", "first", "search"]);
    for list in ["characters", "campaigns"] {
        let query = format!("{{ {list}(first: 101, filter: {{ search: \"{long}\" }}) {{ totalCount }} }}");
        assert_eq!(fields_in(&leader.run(&query, json!({})).await), ["BAD_USER_INPUT", "first", "search"], "{list}");
    }
    let query = "query($actions: [String!]) { auditLog(after: \"x\", filter: { actions: $actions }) { totalCount } }";
    let page = leader.run(query, json!({ "actions": vec!["x"; 101] })).await;
    assert_eq!(fields_in(&page), ["BAD_USER_INPUT", "after", "actions"]);
    // An error without a field has none.
    let response = guild.anonymous().run("{ sessions { id } }", json!({})).await;
    assert_eq!(response["errors"][0]["extensions"], json!({ "code": "UNAUTHENTICATED" }));
}

#[on_both]
async fn unknown_ids_inside_lists_are_not_found(app: TestApp) {
    let (guild, other) = (app.guild("gg").await, app.guild("hh").await);
    let (officer, stranger) = (guild.member("officer", "Officer").await, other.member("stranger", "Officer").await);
    let draft = TestCampaign::draft(&officer, 2, json!({})).await;
    let sibling = TestCampaign::draft(&officer, 2, json!({})).await;
    let foreign = TestCampaign::draft(&stranger, 2, json!({})).await;
    let reorder = "mutation($id: ID!, $order: [ID!]!) { \
                   reorderEntries(campaignId: $id, entryIds: $order) { campaign { id } } }";
    let order =
        async |order: &[&str]| refusal_in(&officer.run(reorder, json!({ "id": draft.id, "order": order })).await);
    let [first, second] = [draft.entries[0].as_str(), draft.entries[1].as_str()];
    let unknown = ID::from(EntryId(7)).to_string();
    for id in [unknown.as_str(), "not an id", "", &foreign.entries[0], &sibling.entries[0], &draft.id, &officer.id] {
        for ids in [vec![first, id], vec![id, second], vec![first, second, id], vec![id]] {
            assert_eq!(order(&ids).await, "NOT_FOUND entryIds", "{ids:?}");
        }
    }
    // Known ids that are not each entry once.
    for ids in [&[first][..], &[first, first], &[first, second, first], &[]] {
        assert_eq!(order(ids).await, "BAD_USER_INPUT entryIds", "{ids:?}");
    }
}
