//! GraphQL documents that several files of tests use. A document of one file alone is in that file.

// Guilds

pub const GUILD_SLUG: &str = "{ guild { slug } }";

pub const UPDATE_GUILD: &str =
    "mutation($input: UpdateGuildInput!) { updateGuild(input: $input) { guild { name region } } }";

/// Refused by every server: there is no such field.
pub const UNKNOWN_FIELD: &str = "{ nothing }";

pub const NODE_ID: &str = "query($id: ID!) { node(id: $id) { id } }";

pub const AUDIT_COUNT: &str = "{ auditLog { totalCount } }";

// Members and ranks

pub const ME_ID: &str = "{ me { id } }";

pub const ME_NAME: &str = "{ me { displayName } }";

/// Has a name, which the metrics and the log then have, too.
pub const NAMED_ROSTER: &str = "query Roster { members { totalCount } }";

pub const CREATE_MEMBER: &str =
    "mutation($input: CreateMemberInput!) { createMember(input: $input) { member { id } } }";

pub const UPDATE_MEMBER: &str =
    "mutation($input: UpdateMemberInput!) { updateMember(input: $input) { member { id } } }";

pub const UPDATE_ME: &str = "mutation($input: UpdateMeInput!) { updateMe(input: $input) { member { id } } }";

pub const UPDATE_RANK: &str = "mutation($input: UpdateRankInput!) { updateRank(input: $input) { rank { id } } }";

pub const DELETE_RANK: &str = "mutation($id: ID!) { deleteRank(id: $id) { deletedId } }";

pub const CREATE_CHARACTER: &str =
    "mutation($input: CreateCharacterInput!) { createCharacter(input: $input) { character { id } } }";

pub const DELETE_MEMBER: &str = "mutation($id: ID!) { deleteMember(id: $id) { deletedId } }";

pub const ERASE_MEMBER: &str = "mutation($id: ID!) { eraseMember(id: $id) { member { id } } }";

pub const DELETE_CHARACTER: &str = "mutation($id: ID!) { deleteCharacter(id: $id) { deletedId } }";

// Accounts and sessions

pub const SEND_INVITE: &str = "mutation($id: ID!) { sendInvite(memberId: $id) { code } }";

pub const REVOKE_INVITE: &str = "mutation($id: ID!) { revokeInvite(memberId: $id) { member { id } } }";

pub const SEND_RESET_CODE: &str = "mutation($id: ID!) { sendResetCode(memberId: $id) { code } }";

pub const REGISTER_MEMBER: &str = "mutation($input: RegisterInput!) { register(input: $input) { member { id } } }";

pub const LOGIN: &str = "mutation($name: String!, $password: String!) {
    login(input: { discordUsername: $name, password: $password }) {
        accessToken refreshToken member { displayName }
    }
}";

pub const REFRESH_SESSION: &str = "mutation($token: String!) {
    refreshSession(input: { refreshToken: $token }) { accessToken refreshToken }
}";

pub const CHANGE_PASSWORD: &str = "mutation($old: String!, $new: String!) {
    changePassword(input: { currentPassword: $old, newPassword: $new }) {
        accessToken refreshToken member { displayName }
    }
}";

pub const RESET_PASSWORD: &str = "mutation($code: String!, $name: String!, $password: String!) {
    resetPassword(input: { resetCode: $code, discordUsername: $name, newPassword: $password }) {
        accessToken member { id }
    }
}";

pub const LOGOUT: &str = "mutation { logout { success } }";

pub const LOGOUT_EVERYWHERE: &str = "mutation { logoutEverywhere { success } }";

// Campaigns

pub const CAMPAIGN_STATUS: &str = "query($id: ID!) { campaign(id: $id) { status } }";

pub const CAMPAIGN_VOTED: &str = "query($id: ID!) { campaign(id: $id) { turnout { voted } } }";

pub const CREATE_CAMPAIGN: &str =
    "mutation($input: CreateCampaignInput!) { createCampaign(input: $input) { campaign { id entries { id } } } }";

pub const UPDATE_CAMPAIGN: &str =
    "mutation($input: UpdateCampaignInput!) { updateCampaign(input: $input) { campaign { id } } }";

pub const ADD_ENTRY: &str = "mutation($input: AddEntryInput!) { addEntry(input: $input) { entry { id } } }";

pub const REMOVE_ENTRY: &str = "mutation($id: ID!) { removeEntry(id: $id) { deletedId } }";

pub const ACTIVATE_CAMPAIGN: &str = "mutation($id: ID!) { activateCampaign(id: $id) { campaign { id } } }";

pub const CLOSE_CAMPAIGN: &str = "mutation($id: ID!) { closeCampaign(id: $id) { campaign { id } } }";

pub const CANCEL_CAMPAIGN: &str =
    "mutation($input: CancelCampaignInput!) { cancelCampaign(input: $input) { campaign { id } } }";

pub const ARCHIVE_CAMPAIGN: &str = "mutation($id: ID!) { archiveCampaign(id: $id) { campaign { id } } }";

pub const DELETE_CAMPAIGN: &str = "mutation($id: ID!) { deleteCampaign(id: $id) { deletedId } }";

pub const CAST_BALLOT: &str = "mutation($input: CastBallotInput!) {
    castBallot(input: $input) { ballot { id picks { id } castAt } campaign { status turnout { voted } } }
}";

pub const WATCH_REVISION: &str = "subscription($id: ID!) { voteTally(campaignId: $id) { revision } }";

pub const WATCH_TURNOUT: &str = "subscription($id: ID!) { voteTally(campaignId: $id) { turnout { voted } isFinal } }";

// Discord

pub const UNLINK_DISCORD: &str = "mutation { unlinkDiscord { success } }";

pub const RETRY_DISCORD_MESSAGE: &str = "mutation($id: ID!) { retryDiscordMessage(id: $id) { message { state } } }";
