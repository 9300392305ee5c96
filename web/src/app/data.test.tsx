import { Client, fetchExchange } from "@urql/core";
import { cacheExchange } from "@urql/exchange-graphcache";
import { Provider } from "urql";
import { expect, test } from "vitest";
import { render } from "vitest-browser-react";
import { TypedDocumentString } from "../gql/graphql";
import { type Data, useData } from "./data";

interface Named {
  rank: { __typename: "Rank"; id: string; name: string };
}

const documentOf = (name: string) =>
  new TypedDocumentString<Named, Record<string, never>>(`query ${name} { rank { __typename id name } }`, {
    hash: name,
  });

const documents = { Page: documentOf("Page"), Menu: documentOf("Menu") };
const results: { [Name in keyof typeof documents]?: Data<Named> } = {};

function Reader({ name }: { name: keyof typeof documents }) {
  const result = useData(documents[name], {});
  results[name] = result;
  return (
    <p data-testid={name}>
      {result.data?.rank.name} {result.error?.kind}
    </p>
  );
}

test("data that another response changes keep the error of the connection", async () => {
  const server = { name: "Raider", unreachable: [] as string[] };
  const client = new Client({
    url: "http://guildhall.test/graphql",
    preferGetMethod: false,
    requestPolicy: "cache-and-network",
    fetch: async (_url, request) => {
      const { operationName } = JSON.parse(String(request?.body));
      if (server.unreachable.includes(operationName)) throw new TypeError("Failed to fetch");
      return Response.json({ data: { rank: { __typename: "Rank", id: "1", name: server.name } } });
    },
    exchanges: [cacheExchange({}), fetchExchange],
  });
  const screen = await render(
    <Provider value={client}>
      <Reader name="Page" />
      <Reader name="Menu" />
    </Provider>,
  );
  const page = screen.getByTestId("Page");
  await expect.element(page).toHaveTextContent("Raider");
  const loadedAt = results.Page?.loadedAt;

  server.unreachable = ["Page"];
  results.Page?.refetch();
  await expect.element(page).toHaveTextContent("Raider offline");
  server.name = "Veteran";
  results.Menu?.refetch();
  await expect.element(page).toHaveTextContent("Veteran offline");
  expect(results.Page?.loadedAt).toBe(loadedAt);

  server.unreachable = [];
  results.Page?.refetch();
  await expect.element(page).toHaveTextContent(/^Veteran$/);
});
