import type { Feature } from "../../app/feature";

export const session: Feature = {
  routes: [{ path: "/login", load: () => import("./LoginPage"), bare: true }],
};
