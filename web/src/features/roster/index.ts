import type { Feature } from "../../app/feature";

export const roster: Feature = {
  routes: [
    { path: "/roster", load: () => import("./RosterPage") },
    { path: "/members/:id", load: () => import("./MemberPage") },
  ],
  navigation: [{ path: "/roster", label: "Roster", icon: "people", group: "guild", order: 20 }],
};
