// The example operations, and the tabs that a first visit opens.
import addMember from "./examples/add-member.graphql?raw";
import auditLog from "./examples/audit-log.graphql?raw";
import castBallot from "./examples/cast-ballot.graphql?raw";
import checkRoster from "./examples/check-roster.graphql?raw";
import closeVote from "./examples/close-vote.graphql?raw";
import createRank from "./examples/create-rank.graphql?raw";
import createVote from "./examples/create-vote.graphql?raw";
import importRoster from "./examples/import-roster.graphql?raw";
import inviteMember from "./examples/invite-member.graphql?raw";
import myReceipt from "./examples/my-receipt.graphql?raw";
import openVotes from "./examples/open-votes.graphql?raw";
import ranks from "./examples/ranks.graphql?raw";
import roster from "./examples/roster.graphql?raw";
import setEntries from "./examples/set-entries.graphql?raw";
import spreadRanks from "./examples/spread-ranks.graphql?raw";
import startVote from "./examples/start-vote.graphql?raw";
import voteResult from "./examples/vote-result.graphql?raw";
import watchTally from "./examples/watch-tally.graphql?raw";
import watchTurnout from "./examples/watch-turnout.graphql?raw";
import watchVotes from "./examples/watch-votes.graphql?raw";
import * as variables from "./variables.js";

/**
 * @typedef {{ label: string, document: string, variables?: (context: object | undefined) => string }} Example
 */

/** @type {{ title: string, examples: Example[] }[]} */
export const groups = [
  {
    title: "Take part in a vote",
    examples: [
      { label: "See what is open", document: openVotes },
      { label: "Cast a ballot", document: castBallot, variables: variables.castBallot },
      { label: "Show my receipt", document: myReceipt, variables: variables.myReceipt },
      { label: "Read a result", document: voteResult, variables: variables.voteResult },
    ],
  },
  {
    title: "Watch live",
    examples: [
      { label: "Watch the standings", document: watchTally, variables: variables.watchTally },
      { label: "Watch the turnout", document: watchTurnout, variables: variables.watchTurnout },
      { label: "Watch all votes", document: watchVotes },
    ],
  },
  {
    title: "Ranks",
    examples: [
      { label: "List the ladder", document: ranks },
      { label: "Make room between ranks", document: spreadRanks, variables: variables.spreadRanks },
      { label: "Create a rank", document: createRank, variables: variables.createRank },
    ],
  },
  {
    title: "Members",
    examples: [
      { label: "Read the roster", document: roster },
      { label: "Add a member", document: addMember, variables: variables.addMember },
      { label: "Invite a member", document: inviteMember, variables: variables.inviteMember },
      { label: "Check a roster file", document: checkRoster, variables: variables.checkRoster },
      { label: "Import a roster file", document: importRoster, variables: variables.importRoster },
    ],
  },
  {
    title: "Run a vote",
    examples: [
      { label: "Create a vote", document: createVote, variables: variables.createVote },
      { label: "Set its entries", document: setEntries, variables: variables.setEntries },
      { label: "Start it", document: startVote, variables: variables.startVote },
      { label: "Close it", document: closeVote, variables: variables.closeVote },
    ],
  },
  { title: "Look back", examples: [{ label: "Read the audit log", document: auditLog }] },
];

export const examples = groups.flatMap((group) => group.examples);

// The headers editor accepts JSON with comments, so this template is a valid empty object.
export const defaultHeaders = `{
  // Not needed when you are signed in. Headers here override those of the session:
  // "Authorization": "Bearer <access token>",
  // "X-Guild": "<guild slug>"
}
`;

// GraphiQL fills the editors from the first tab's query alone, so this query must not need variables.
export const defaultTabs = [openVotes, watchTally, castBallot].map((document) => {
  const example = examples.find((example) => example.document === document);
  return { query: document, variables: example.variables?.(undefined), headers: defaultHeaders };
});
