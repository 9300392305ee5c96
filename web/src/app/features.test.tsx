import { expect, test } from "vitest";
import routes from "../../routes.json";
import { findRoute } from "./feature";
import { features } from "./features";

const pages = features.flatMap((feature) => feature.routes);
const paths = pages.map(({ path }) => path);

test("routes.json lists the path and the module of each page, for the server", async () => {
  expect(new Set(paths)).toEqual(new Set(routes.map(({ path }) => path)));
  expect(paths.length).toBe(routes.length);
  const modules = import.meta.glob<{ default: unknown }>("../features/**/*Page.tsx");
  for (const { path, page } of routes) {
    const { default: listed } = (await modules[`../features/${page}.tsx`]?.()) ?? {};
    const { default: shown } = (await pages.find((route) => route.path === path)?.load()) ?? {};
    expect(listed, path).toBeDefined();
    expect(shown, path).toBe(listed);
  }
});

test("each link of the navigation has a page", () => {
  const links = features.flatMap(({ navigation = [] }) => navigation).map(({ path }) => path);
  expect(links.filter((path) => !paths.includes(path))).toEqual([]);
});

test("a slash at the end of a path makes no difference", () => {
  for (const path of ["/login", "/votes/x1", "/admin/votes/new"]) {
    expect(findRoute(features, path)).toBeDefined();
    expect(findRoute(features, `${path}/`)).toBe(findRoute(features, path));
  }
});
