//! The actions that the viewer can take on members and ranks.

use crate::{
    api::context::RequestContext,
    identity::{Member, MemberAction, Rank, RankAction, member_actions, rank_actions},
    kernel::error::Result,
};

/// The actions that the viewer can take on a member now.
pub async fn of_member(context: &RequestContext, member: &Member) -> Result<Vec<MemberAction>> {
    let Some(viewer) = context.current_viewer().await? else { return Ok(Vec::new()) };
    let ladder = context.ladder().await?;
    let leaders = match ladder.highest() {
        Some(highest) if highest.id == member.rank_id && ladder.is_leader(&viewer) => {
            let (app, guild) = (&context.app, context.guild_row().await?);
            Some(app.rosters.leader_counts(&app.db, &guild, highest.id).await?)
        }
        _ => None,
    };
    let mut actions = member_actions(&viewer, &ladder, member, leaders);
    if actions.contains(&MemberAction::RevokeInvite) && context.loaders.open_invite.load(member.id).await?.is_none() {
        actions.retain(|action| *action != MemberAction::RevokeInvite);
    }
    if actions.contains(&MemberAction::Delete) && context.loaders.member_in_use.load(member.id).await?.is_some() {
        actions.retain(|action| *action != MemberAction::Delete);
    }
    Ok(actions)
}

/// The actions that the viewer can take on a rank now.
pub async fn of_rank(context: &RequestContext, rank: &Rank) -> Result<Vec<RankAction>> {
    let Some(viewer) = context.current_viewer().await? else { return Ok(Vec::new()) };
    let ladder = context.ladder().await?;
    let may_delete = RankAction::Delete.check(&viewer, &ladder, rank).is_ok();
    let is_held = may_delete && context.loaders.held_rank.load(rank.id).await?.is_some();
    Ok(rank_actions(&viewer, &ladder, rank, is_held))
}
