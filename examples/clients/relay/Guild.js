// The documents of relay.mjs. In an app they are in its components. relay-compiler reads them and generates modules in
// __generated__. babel-plugin-relay replaces the documents by these modules in a bundle; relay.mjs imports them directly.

import { graphql } from 'relay-runtime';

graphql`
  query GuildRosterQuery($first: Int!, $after: String) {
    ...Guild_roster @arguments(first: $first, after: $after)
  }
`;

graphql`
  fragment Guild_roster on Query
  @argumentDefinitions(first: { type: "Int!" }, after: { type: "String" })
  @refetchable(queryName: "GuildRosterPageQuery") {
    members(first: $first, after: $after) @connection(key: "Guild_members") {
      edges { node { id displayName rank { name } ...Guild_member } }
    }
  }
`;

graphql`
  fragment Guild_member on Member @refetchable(queryName: "GuildMemberQuery") {
    displayName
    discordUsername
    rank { name }
  }
`;

graphql`
  query GuildCampaignQuery($id: ID!) {
    campaign(id: $id) { title ...Guild_progress }
  }
`;

graphql`
  fragment Guild_progress on Campaign {
    status
    viewerCanVote
    turnout { eligible voted }
  }
`;

graphql`
  mutation GuildCastBallotMutation($input: CastBallotInput!) {
    castBallot(input: $input) { ballot { receipt nonce } campaign { ...Guild_progress } }
  }
`;

graphql`
  subscription GuildTallySubscription($campaignId: ID!) {
    voteTally(campaignId: $campaignId) {
      revision
      isFinal
      turnout { eligible voted }
      standings { place points entry { name } }
      campaign { ...Guild_progress }
    }
  }
`;
