// What the console knows of the guild, as the viewer sees it: who is signed in, and the ids that the examples use.

const VOTE = "id createdBy { id } viewerBallot { id }";
const ENTRIES = "entries { id name description imageUrl associatedMember { id } }";
/** `isMember` leaves out what visitors may not read. */
const CONTEXT = /* GraphQL */ `query ConsoleContext($isMember: Boolean!) {
  guild { slug name }
  me { id displayName rank { name level permissions } }
  ranks { id name level viewerActions }
  live: campaigns(first: 20, filter: { status: [LIVE] }) {
    nodes { ${VOTE} picksPerVoter viewerCanVote viewerCannotVoteReason standingsHiddenReason entries { id } }
  }
  drafts: campaigns(first: 20, filter: { status: [DRAFT] }) @include(if: $isMember) {
    nodes { ${VOTE} draftRevision ${ENTRIES} }
  }
  past: pastVotes(first: 20) { nodes { campaign { ${VOTE} } } }
  unregistered: members(
    first: 20
    filter: { registered: false }
    orderBy: { field: JOINED_AT, direction: DESC }
  ) @include(if: $isMember) { nodes { id viewerActions } }
  newcomers: members(first: 100, filter: { search: "newcomer", active: null }) @include(if: $isMember) {
    nodes { discordUsername }
  }
}`;

export class Context {
  /** What the server has responded; `undefined` before. */
  data;
  /** The id of the tab whose mutation was the reason for reading it; `undefined` after other reasons. */
  sender;
  #session;
  #listeners = new Set();
  #loads = 0;

  constructor(session) {
    this.#session = session;
    session.watch(() => session.id !== this.data?.sessionId && this.load());
    document.addEventListener(
      "visibilitychange",
      () => document.visibilityState === "visible" && this.load(),
    );
  }

  /** Calls `listener` after each change. */
  watch = (listener) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Reads it from the server. Keeps what is known if this fails, unless another account is signed in. */
  async load(sender) {
    const load = ++this.#loads;
    const { id: sessionId, isSignedIn } = this.#session;
    if (this.data && this.data.sessionId !== sessionId) this.#set(undefined);
    const variables = { isMember: isSignedIn };
    const response = await this.#session.request({ query: CONTEXT, variables }).catch(() => undefined);
    const data = response?.body.data;
    // A later load has the newer data.
    if (!data || load !== this.#loads) return;
    this.sender = sender;
    this.#session.guildSlug = data.guild.slug;
    this.#set({
      ...data,
      sessionId,
      live: data.live.nodes,
      drafts: data.drafts?.nodes ?? [],
      past: data.past.nodes.map(({ campaign }) => campaign),
      unregistered: data.unregistered?.nodes ?? [],
      newcomers: data.newcomers?.nodes ?? [],
    });
  }

  #set(data) {
    this.data = data;
    for (const listener of this.#listeners) listener();
  }
}
