import { expect, test } from "vitest";
import routes from "../../routes.json";
import { features } from "./features";

const paths = features.flatMap((feature) => feature.routes).map(({ path }) => path);

test("routes.json lists the path of each page, for the server", () => {
  expect(paths.filter((path) => !routes.includes(path))).toEqual([]);
  expect(new Set(paths).size).toBe(paths.length);
});

test("each link of the navigation has a page", () => {
  const links = features.flatMap(({ navigation = [] }) => navigation).map(({ path }) => path);
  expect(links.filter((path) => !paths.includes(path))).toEqual([]);
});
