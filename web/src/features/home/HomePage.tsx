import { useCampaignChanges } from "../../app/campaignChanges";
import { useData } from "../../app/data";
import { LinkButton, SignInLink } from "../../app/Link";
import { Loaded, Page } from "../../app/Page";
import { Sections } from "../../app/Sections";
import { useViewer } from "../../app/viewer";
import { HomeDocument } from "../../gql/graphql";
import { ButtonRow } from "../../ui/Button";
import { Skeleton } from "../../ui/PageState";
import { Attention } from "./Attention";
import { FirstSteps, useFirstSteps } from "./FirstSteps";
import styles from "./HomePage.module.css";
import { OpenVotes, Results } from "./Votes";

export default function HomePage() {
  const { guild, member, can } = useViewer();
  const firstSteps = useFirstSteps();
  const result = useData(HomeDocument, {
    firstSteps: firstSteps.isShown,
    managesVotes: can("CAMPAIGNS_MANAGE"),
    managesDiscord: can("DISCORD_MANAGE"),
  });
  useCampaignChanges(result.refetch);
  return (
    <Page
      title={member ? `Welcome, ${member.displayName}` : guild.name}
      subtitle={member ? undefined : "The guild’s votes, results and roster."}
    >
      {!member && (
        <ButtonRow>
          <SignInLink variant="primary" />
          <LinkButton href="/register">I have an invite code</LinkButton>
        </ButtonRow>
      )}
      <Loaded result={result} skeleton={<HomeSkeleton />}>
        {(data) => (
          <>
            {firstSteps.isShown && <FirstSteps data={data} onDismiss={firstSteps.dismiss} />}
            <OpenVotes campaigns={data.campaigns.nodes} />
            <Attention drafts={data.drafts?.nodes ?? []} discord={data.discordStatus} />
            <Sections list="homeCards" props={{}} />
            <Results votes={data.pastVotes.nodes} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function HomeSkeleton() {
  return (
    <div className={styles.skeleton}>
      <Skeleton rows={1} height="11rem" />
      <Skeleton rows={3} />
    </div>
  );
}
