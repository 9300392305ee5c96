import type { Feature } from "../../app/feature";

export const admin: Feature = {
  routes: [
    { path: "/admin/votes/new", load: () => import("./votes/NewVotePage") },
    { path: "/admin/votes/:id", load: () => import("./votes/EditVotePage") },
    { path: "/admin/members", load: () => import("./MembersAdminPage") },
    { path: "/admin/import", load: () => import("./ImportPage") },
    { path: "/admin/ranks", load: () => import("./RanksPage") },
    { path: "/admin/discord", load: () => import("./DiscordPage") },
    { path: "/admin/audit", load: () => import("./AuditPage") },
    { path: "/admin/guild", load: () => import("./GuildPage") },
  ],
  navigation: [
    {
      path: "/admin/members",
      label: "Invites",
      icon: "mail",
      group: "administration",
      order: 10,
      isShown: ({ can }) => can("MEMBERS_INVITE"),
    },
    {
      path: "/admin/import",
      label: "Import",
      icon: "upload",
      group: "administration",
      order: 20,
      isShown: ({ can }) => can("MEMBERS_MANAGE"),
    },
    {
      path: "/admin/ranks",
      label: "Ranks",
      icon: "ranks",
      group: "administration",
      order: 30,
      isShown: ({ can }) => can("RANKS_MANAGE"),
    },
    {
      path: "/admin/discord",
      label: "Discord",
      icon: "discord",
      group: "administration",
      order: 40,
      isShown: ({ can }) => can("DISCORD_MANAGE"),
    },
    {
      path: "/admin/audit",
      label: "Audit log",
      icon: "log",
      group: "administration",
      order: 50,
      isShown: ({ can }) => can("AUDIT_VIEW"),
    },
    {
      path: "/admin/guild",
      label: "Guild",
      icon: "settings",
      group: "administration",
      order: 60,
      isShown: ({ can }) => can("GUILD_MANAGE"),
    },
  ],
};
