import type { Feature } from "../../app/feature";

export const admin: Feature = {
  routes: [{ path: "/admin/ranks", load: () => import("./RanksPage") }],
  navigation: [
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
