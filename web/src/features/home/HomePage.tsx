import { useData } from "../../app/data";
import { RowLink } from "../../app/Link";
import { Loaded, Page } from "../../app/Page";
import { useViewer } from "../../app/viewer";
import { HomeDocument } from "../../gql/graphql";
import { Row, Rows, Section } from "../../ui/Card";
import { Countdown } from "../../ui/Countdown";
import { Empty } from "../../ui/PageState";

export default function HomePage() {
  const { guild, member } = useViewer();
  const result = useData(HomeDocument, {});
  return (
    <Page title={member ? `Welcome, ${member.displayName}` : guild.name}>
      <Loaded result={result}>
        {({ campaigns: { nodes } }) => (
          <Section title="Open votes">
            {nodes.length === 0 ? (
              <Empty icon="vote" title="No vote is open" />
            ) : (
              <Rows label="Open votes">
                {nodes.map(({ id, title, closesAt, turnout }) => (
                  <Row
                    key={id}
                    title={
                      <RowLink href={`/votes/${id}`} dir="auto">
                        {title}
                      </RowLink>
                    }
                    detail={closesAt && <Countdown to={closesAt} prefix="Closes in " over="Counting" />}
                    end={`${turnout.voted} of ${turnout.eligible} voted`}
                  />
                ))}
              </Rows>
            )}
          </Section>
        )}
      </Loaded>
    </Page>
  );
}
