import type { Feature } from "../../app/feature";

export const session: Feature = {
  routes: [
    { path: "/login", load: () => import("./LoginPage"), bare: true },
    { path: "/register", load: () => import("./RegisterPage"), bare: true },
    { path: "/reset", load: () => import("./ResetPage"), bare: true },
  ],
};
