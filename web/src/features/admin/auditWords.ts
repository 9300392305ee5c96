// The kinds of changes in the audit log, in groups that a filter offers.
export const AUDIT_GROUPS = {
  members: {
    label: "Members and invites",
    actions: [
      "member.create",
      "member.update",
      "member.invite",
      "member.revoke_invite",
      "member.send_reset_code",
      "member.delete",
      "member.erase",
      "roster.import",
    ],
  },
  characters: { label: "Characters", actions: ["character.create", "character.update", "character.delete"] },
  ranks: { label: "Ranks", actions: ["rank.create", "rank.update", "rank.delete"] },
  votes: {
    label: "Votes",
    actions: [
      "campaign.create",
      "campaign.update",
      "campaign.delete",
      "campaign.activate",
      "campaign.close",
      "campaign.cancel",
      "campaign.archive",
      "campaign.outcome",
    ],
  },
  guild: { label: "Guild", actions: ["guild.update"] },
  discord: {
    label: "Discord",
    actions: ["discord.link", "discord.unlink", "discord.sync", "discord.retry"],
  },
} as const;

export type AuditGroup = keyof typeof AUDIT_GROUPS;

export const isAuditGroup = (value: string | null): value is AuditGroup =>
  value !== null && value in AUDIT_GROUPS;
