import { Characters } from "../../app/characters/Characters";
import { useData } from "../../app/data";
import { BackLink } from "../../app/Link";
import { Loaded, Page } from "../../app/Page";
import { resync } from "../../app/resync";
import { Sections } from "../../app/Sections";
import { useViewer } from "../../app/viewer";
import { MemberDocument, type MemberQuery } from "../../gql/graphql";
import { Badge } from "../../ui/Card";
import { NotFound } from "../../ui/PageState";
import { MemberActions } from "./MemberActions";
import { MemberAudit } from "./MemberAudit";
import { MemberDetails } from "./MemberDetails";
import styles from "./MemberPage.module.css";
import { Membership } from "./Membership";
import { Participation } from "./Participation";

export default function MemberPage({ params }: { params: Readonly<Record<string, string>> }) {
  const id = params.id ?? "";
  const viewer = useViewer();
  const result = useData(MemberDocument, { id, canInvite: viewer.can("MEMBERS_INVITE") });
  const member = result.data?.member;
  return (
    <Page
      title={result.data ? (member?.displayName ?? "Not found") : undefined}
      back={<BackLink href="/roster">Roster</BackLink>}
      subtitle={member && <Subtitle member={member} />}
      actions={member && <MemberActions member={member} />}
    >
      <Loaded result={result}>
        {({ member }) => (member ? <Contents member={member} /> : <NotFound what="member" />)}
      </Loaded>
    </Page>
  );
}

function Contents({ member }: { member: NonNullable<MemberQuery["member"]> }) {
  const viewer = useViewer();
  const canEdit = viewer.member?.id === member.id || member.viewerActions.includes("EDIT_CHARACTERS");
  return (
    <>
      <Characters
        memberId={member.id}
        characters={member.characters}
        canEdit={canEdit}
        emptyText={canEdit ? "Add one here, or import a roster." : "The member and officers can add them."}
        onDeleted={resync}
      />
      <MemberDetails member={member} />
      {member.participation && <Participation memberId={member.id} participation={member.participation} />}
      <Sections list="memberSections" props={{ memberId: member.id }} />
      <Membership member={member} />
      {viewer.can("AUDIT_VIEW") && <MemberAudit memberId={member.id} />}
    </>
  );
}

function Subtitle({ member }: { member: NonNullable<MemberQuery["member"]> }) {
  const { rank, discordUsername, displayName, isActive, isRegistered } = member;
  return (
    <span className={styles.subtitle}>
      <Badge tone="accent">
        <span dir="auto">{rank.name}</span>
      </Badge>
      {!isActive && <Badge tone="danger">Inactive</Badge>}
      {isActive && isRegistered === false && <Badge>Not registered</Badge>}
      {discordUsername && discordUsername !== displayName && <span>@{discordUsername}</span>}
    </span>
  );
}
