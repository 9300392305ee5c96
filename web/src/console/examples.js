// The tabs that a first visit opens.
import auditLog from "./examples/audit-log.graphql?raw";
import castBallot from "./examples/cast-ballot.graphql?raw";
import changes from "./examples/changes.graphql?raw";
import createCampaign from "./examples/create-campaign.graphql?raw";
import liveCampaigns from "./examples/live-campaigns.graphql?raw";
import roster from "./examples/roster.graphql?raw";
import tally from "./examples/tally.graphql?raw";

// The headers editor accepts JSON with comments, so this template is a valid empty object.
export const defaultHeaders = `{
  // Not needed when you are signed in. Headers here override those of the session:
  // "Authorization": "Bearer <access token>",
  // "X-Guild": "<guild slug>"
}
`;

const tab = (query, variables) => ({
  query,
  variables: variables && JSON.stringify(variables, null, 2),
  headers: defaultHeaders,
});

const newCampaign = {
  title: "Where to next?",
  minRankLevelToVote: 1,
  durationHours: 48,
  entries: [{ name: "Karazhan" }, { name: "Ulduar" }, { name: "Naxxramas" }],
};

// GraphiQL fills the editors from the first tab's query alone, so this query must not need variables.
export const defaultTabs = [
  tab(roster),
  tab(liveCampaigns),
  tab(tally, { campaignId: "" }),
  tab(changes),
  tab(castBallot, { input: { campaignId: "", picks: ["", "", ""] } }),
  tab(createCampaign, { input: newCampaign }),
  tab(auditLog),
];
