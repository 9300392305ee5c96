import type { Feature } from "../../app/feature";

export const verify: Feature = {
  routes: [{ path: "/verify", load: () => import("./VerifyPage") }],
  navigation: [{ path: "/verify", label: "Verify", icon: "shield", group: "guild", order: 90 }],
};
