import type { Feature } from "../../app/feature";

export const profile: Feature = {
  routes: [{ path: "/me", load: () => import("./ProfilePage") }],
};
