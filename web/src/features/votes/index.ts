import type { Feature } from "../../app/feature";

export const votes: Feature = {
  routes: [
    { path: "/votes", load: () => import("./VotesPage") },
    { path: "/votes/:id", load: () => import("./VotePage") },
  ],
  navigation: [{ path: "/votes", label: "Votes", icon: "vote", group: "guild", order: 1 }],
};
