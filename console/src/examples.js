// The tabs a first visit opens with.
import castBallot from "./examples/cast-ballot.graphql";
import liveCampaigns from "./examples/live-campaigns.graphql";
import logIn from "./examples/log-in.graphql";
import roster from "./examples/roster.graphql";
import tally from "./examples/tally.graphql";

// The headers editor reads JSON with comments, so the template is valid, and empty, as it stands.
export const defaultHeaders = `{
  // "Authorization": "Bearer <accessToken from LogIn>",
  // "X-Guild": "<guild slug>"
}
`;

const tab = (query, variables) => ({
  query,
  variables: variables && JSON.stringify(variables, null, 2),
  headers: defaultHeaders,
});

// GraphiQL fills the editors from the first tab's query alone, so that one must not need variables.
export const defaultTabs = [
  tab(roster),
  tab(liveCampaigns),
  tab(tally, { campaignId: "" }),
  tab(logIn, { input: { discordUsername: "", password: "" } }),
  tab(castBallot, { input: { campaignId: "", picks: ["", "", ""] } }),
];
