import { expect, test } from "vitest";
import { type BallotRequests, type CastBallot, castBallot } from "./casting.ts";

class Lost extends Error {}

/** A server with one voter, whose requests and responses can get lost. */
function server(faults: { request?: boolean; response?: boolean; read?: boolean; refusal?: string }) {
  let own: CastBallot | null = null;
  const requests: BallotRequests<CastBallot> = {
    async cast(picks, nonce) {
      if (faults.request) throw new Lost("the request is lost");
      if (faults.refusal) throw new Error(faults.refusal);
      if (own && own.nonce !== nonce) throw new Error("ALREADY_VOTED");
      own = { nonce, receipt: "r", picks: picks.map((id) => ({ id })) };
      if (faults.response) throw new Lost("the response is lost");
      return own;
    },
    async readOwn() {
      if (faults.read) throw new Lost("the connection is lost");
      return own;
    },
    isLost: (error) => error instanceof Lost,
  };
  const vote = (nonce: string) => {
    own = { nonce, receipt: "r", picks: [] };
  };
  return { requests, vote };
}

test("a ballot is cast", async () => {
  const result = await castBallot(server({}).requests, ["a"], "n1");
  expect(result).toEqual({ kind: "cast", ballot: { nonce: "n1", receipt: "r", picks: [{ id: "a" }] } });
});

test("a lost response is no lost ballot", async () => {
  expect((await castBallot(server({ response: true }).requests, ["a"], "n1")).kind).toBe("cast");
});

test("without a connection the outcome is unknown, and the same nonce casts it once", async () => {
  const faults = { response: true, read: true };
  const { requests } = server(faults);
  expect((await castBallot(requests, ["a"], "n1")).kind).toBe("unknown");
  faults.read = false;
  faults.response = false;
  expect(await castBallot(requests, ["a"], "n1")).toMatchObject({ kind: "cast", ballot: { nonce: "n1" } });
});

test("a lost request is not shown as cast", async () => {
  expect((await castBallot(server({ request: true }).requests, ["a"], "n1")).kind).toBe("unknown");
});

test("another nonce means an earlier ballot", async () => {
  const { requests, vote } = server({});
  vote("from Discord");
  expect(await castBallot(requests, ["a"], "n1")).toMatchObject({
    kind: "earlierBallot",
    ballot: { nonce: "from Discord" },
  });
});

test("a refusal says why", async () => {
  const result = await castBallot(server({ refusal: "This vote is not open." }).requests, ["a"], "n1");
  expect(result).toMatchObject({ kind: "refused", error: { message: "This vote is not open." } });
});
