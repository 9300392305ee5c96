import type { Feature } from "../../app/feature";

export const admin: Feature = {
  routes: [
    { path: "/admin/members", load: () => import("./MembersAdminPage") },
    { path: "/admin/import", load: () => import("./ImportPage") },
    { path: "/admin/ranks", load: () => import("./RanksPage") },
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
  ],
};
