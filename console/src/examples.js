// The tabs a first visit opens with.
import auditLog from "./examples/audit-log.graphql";
import castBallot from "./examples/cast-ballot.graphql";
import changes from "./examples/changes.graphql";
import createCampaign from "./examples/create-campaign.graphql";
import liveCampaigns from "./examples/live-campaigns.graphql";
import roster from "./examples/roster.graphql";
import tally from "./examples/tally.graphql";

// The headers editor reads JSON with comments, so the template is valid, and empty, as it stands.
export const defaultHeaders = `{
  // Whoever is signed in needs none. What stands here wins:
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

// GraphiQL fills the editors from the first tab's query alone, so that one must not need variables.
export const defaultTabs = [
  tab(roster),
  tab(liveCampaigns),
  tab(tally, { campaignId: "" }),
  tab(changes),
  tab(castBallot, { input: { campaignId: "", picks: ["", "", ""] } }),
  tab(createCampaign, { input: newCampaign }),
  tab(auditLog),
];
