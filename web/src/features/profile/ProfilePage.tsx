import { Characters } from "../../app/characters/Characters";
import { useData } from "../../app/data";
import { SignInLink } from "../../app/Link";
import { Loaded, Page } from "../../app/Page";
import { Sections } from "../../app/Sections";
import { useViewer } from "../../app/viewer";
import { ProfileDocument } from "../../gql/graphql";
import { Time } from "../../ui/Countdown";
import { PageState, Skeleton } from "../../ui/PageState";
import { Appearance } from "./Appearance";
import { MyData } from "./MyData";
import { NameSection } from "./NameSection";
import { PasswordSection } from "./PasswordSection";
import { Sessions } from "./Sessions";

export default function ProfilePage() {
  const { member } = useViewer();
  if (!member) {
    return (
      <Page title="Your profile" width="narrow">
        <PageState icon="person" title="You are not signed in" actions={<SignInLink variant="primary" />}>
          <p>Sign in to see your characters, your sessions and your data.</p>
        </PageState>
        <Appearance />
      </Page>
    );
  }
  return <MemberProfile />;
}

function MemberProfile() {
  const { member } = useViewer();
  const result = useData(ProfileDocument, {});
  return (
    <Page
      title={member?.displayName}
      subtitle={
        <>
          <span dir="auto">{member?.rank.name}</span>
          {result.data?.me && (
            <span>
              In the guild since <Time at={result.data.me.createdAt} format="date" />
            </span>
          )}
        </>
      }
    >
      <Loaded result={result} skeleton={<Skeleton rows={4} height="8rem" />}>
        {({ me, sessions }) =>
          me && (
            <>
              <Characters
                memberId={me.id}
                characters={me.characters}
                canEdit
                emptyText="Add those that you play, so that the guild can plan with them."
                onDeleted={result.refetch}
              />
              <Sections list="meSections" props={{}} />
              <NameSection displayName={me.displayName} discordUsername={me.discordUsername ?? ""} />
              <Appearance />
              <PasswordSection discordUsername={me.discordUsername ?? ""} />
              <Sessions sessions={sessions ?? []} onRevoked={result.refetch} />
              <MyData />
            </>
          )
        }
      </Loaded>
    </Page>
  );
}
