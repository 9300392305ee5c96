import type { Feature } from "../../app/feature";

export const home: Feature = {
  routes: [{ path: "/", load: () => import("./HomePage") }],
  navigation: [{ path: "/", label: "Home", icon: "home", group: "guild", order: 0 }],
};
