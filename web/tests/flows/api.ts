// Requests that prepare a flow, by the app's own documents.
import { type APIRequestContext, expect } from "playwright/test";
import { newNonce } from "../../src/counting/receipts";
import {
  AssignableRanksDocument,
  BallotBoxFileDocument,
  CastBallotDocument,
  CloseVoteDocument,
  type CreateCampaignInput,
  CreateMemberDocument,
  CreateVoteDocument,
  InviteMemberDocument,
  LoginDocument,
  RegisterDocument,
  StartVoteDocument,
  type TypedDocumentString,
  VoteDocument,
} from "../../src/gql/graphql";

/** The password of the demo's accounts, and of all that flows register. */
export const PASSWORD = "guildhall-demo";

/** A member who sends requests. */
export interface Account {
  name: string;
  /** The slug of the guild; absent for the default guild. */
  guild?: string;
}

let names = 0;
/** A Discord username that no other flow uses. */
export function uniqueName() {
  names += 1;
  return `flow.${Date.now().toString(36)}.${names}`;
}

type As = string | Account;

/** What a vote of a flow has, unless the flow says otherwise. */
const VOTE: Omit<CreateCampaignInput, "title"> = {
  method: "SCHULZE",
  picksPerVoter: 3,
  minRankLevelToVote: 1,
  durationHours: 24,
  entries: ["Mirelle", "Thorn", "Hex", "Salty"].map((name) => ({ name })),
};

/** Sends requests as accounts, by default as those of the demo. */
export class Api {
  private readonly tokens = new Map<string, Promise<string>>();

  constructor(private readonly request: APIRequestContext) {}

  /** Runs a document. Fails on an error. */
  async run<Result, Variables>(
    as: As,
    document: TypedDocumentString<Result, Variables>,
    variables: Variables,
  ): Promise<Result> {
    const account = accountOf(as);
    const key = `${account.guild}/${account.name}`;
    const token = this.tokens.get(key) ?? this.signIn(account);
    this.tokens.set(key, token);
    return this.post(account.guild, await token, document, variables);
  }

  async register(name: string, inviteCode: string, guild?: string) {
    const input = { discordUsername: name, inviteCode, password: PASSWORD };
    await this.post(guild, undefined, RegisterDocument, { input });
  }

  /** Adds a member at the lowest rank, and returns an invite code. */
  async invite(discordUsername: string, leader: As = "leader") {
    const { ranks } = await this.run(leader, AssignableRanksDocument, {});
    const rankId = ranks.toSorted((a, b) => a.level - b.level)[0]?.id ?? null;
    const input = { discordUsername, rankId };
    const { createMember } = await this.run(leader, CreateMemberDocument, { input });
    const { sendInvite } = await this.run(leader, InviteMemberDocument, {
      id: createMember?.member.id ?? "",
    });
    return sendInvite?.code ?? "";
  }

  /** Adds a member with an account, and returns the name. */
  async addMember(leader: As = "leader") {
    const name = uniqueName();
    await this.register(name, await this.invite(name, leader), accountOf(leader).guild);
    return name;
  }

  /** Starts a vote, and returns its id. */
  async startVote(input: Partial<CreateCampaignInput> = {}, leader: As = "leader") {
    const all = { title: uniqueName(), ...VOTE, ...input };
    const { createCampaign } = await this.run(leader, CreateVoteDocument, { input: all });
    const id = createCampaign?.campaign.id ?? "";
    await this.run(leader, StartVoteDocument, { id });
    return id;
  }

  /** Casts a ballot with the first entry. */
  async vote(id: string, as: As) {
    const { campaign } = await this.run(as, VoteDocument, { id, managesVotes: false });
    const picks = campaign?.entries.slice(0, 1).map((entry) => entry.id) ?? [];
    await this.run(as, CastBallotDocument, { input: { campaignId: id, picks, nonce: newNonce() } });
  }

  /** Closes a vote, and returns its ballot box. */
  async close(id: string, leader: As = "leader") {
    await this.run(leader, CloseVoteDocument, { id });
    return this.ballotBox(id, leader);
  }

  async ballotBox(id: string, as: As = "leader") {
    const { campaign } = await this.run(as, BallotBoxFileDocument, { id });
    if (!campaign?.ballotBox) throw new Error("The vote has no ballot box.");
    return campaign.ballotBox;
  }

  private async signIn({ name, guild }: Account) {
    const input = { discordUsername: name, password: PASSWORD };
    const { login } = await this.post(guild, undefined, LoginDocument, { input });
    if (!login) throw new Error(`${name} cannot sign in.`);
    return login.accessToken;
  }

  private async post<Result, Variables>(
    guild: string | undefined,
    token: string | undefined,
    document: TypedDocumentString<Result, Variables>,
    variables: Variables,
  ) {
    const response = await this.request.post("/graphql", {
      data: { documentId: document.__meta__?.hash, variables },
      headers: { ...(guild && { "X-Guild": guild }), ...(token && { Authorization: `Bearer ${token}` }) },
    });
    const { data, errors } = await response.json();
    expect(errors, document.toString()).toBeUndefined();
    return data as Result;
  }
}

const accountOf = (as: As): Account => (typeof as === "string" ? { name: as } : as);
