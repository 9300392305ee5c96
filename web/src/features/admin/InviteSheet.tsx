// The invites that were just made: as a list to copy or print. The codes show only now.
import { useState } from "react";
import { describeDelivery, inviteLink, isDelivered } from "../../app/codeLinks";
import { useViewer } from "../../app/viewer";
import { Alert, Notice } from "../../ui/Alert";
import { Button, ButtonRow } from "../../ui/Button";
import { Section } from "../../ui/Card";
import { copy } from "../../ui/Copy";
import { formatDateTime } from "../../ui/Countdown";
import { Checkbox, TextArea } from "../../ui/Field";
import { QrCode } from "../../ui/QrCode";
import { toast } from "../../ui/Toast";
import { CLOSE_CODES, LEAVE_CODES, useUnsaved } from "../../ui/unsaved";
import styles from "./InviteSheet.module.css";
import type { Invite, Invites } from "./useInvites";

/** A line for each member, for a message or a file. */
const asText = (invites: readonly Invite[]) =>
  invites.map(({ member, code }) => `${member.displayName}: ${linkOf(member, code)}`).join("\n");

const linkOf = (member: Invite["member"], code: string) => inviteLink(code, member.discordUsername ?? "");

interface InviteSheetProps {
  result: Invites;
  /** Names of the members who were refused. */
  nameOf: (memberId: string) => string;
  onDone: () => void;
}

export function InviteSheet({ result, nameOf, onDone }: InviteSheetProps) {
  const { invites, refusals, problem, unknown } = result;
  const { guild } = useViewer();
  const [withCodes, setWithCodes] = useState(true);
  const [text, setText] = useState<string>();
  const delivered = invites.filter(({ delivery }) => isDelivered(delivery)).length;
  // The members whose codes the officer has elsewhere.
  const [saved, setSaved] = useState<ReadonlySet<string>>(new Set());
  const saveAll = () => setSaved(new Set(invites.map(({ member }) => member.id)));
  const isAtRisk = invites.some(({ member, delivery }) => !isDelivered(delivery) && !saved.has(member.id));
  useUnsaved(isAtRisk, LEAVE_CODES);
  const close = () => {
    if (!isAtRisk || window.confirm(CLOSE_CODES)) onDone();
  };
  const copyAll = async () => {
    const all = asText(invites);
    if (await copy(all)) {
      toast("Invites copied");
      saveAll();
    } else setText(all);
  };
  const print = () => {
    window.print();
    saveAll();
  };
  return (
    <Section
      title={
        unknown > 0 && invites.length === 0
          ? "The server did not answer"
          : invites.length === 1
            ? "One invite"
            : `${invites.length} invites`
      }
      description={describe(invites.length, delivered, unknown)}
      actions={
        invites.length > 0 && (
          <>
            <Button icon="copy" onClick={copyAll}>
              Copy all
            </Button>
            <Button icon="print" onClick={print}>
              Print
            </Button>
          </>
        )
      }
    >
      <div className={styles.sheet}>
        {unknown > 0 ? (
          <Alert>
            {problem} It is not known whether {unknown === 1 ? "one member was" : `${unknown} members were`}{" "}
            invited. Go back to the list, which shows who has an open invite, and invite those without a code
            here again: a new code makes an earlier one void.
          </Alert>
        ) : (
          problem && <Alert>{problem} Members who are not in this list were not invited.</Alert>
        )}
        {refusals.length > 0 && (
          <Alert>
            <p>
              {refusals.length === 1
                ? "One member was not invited:"
                : `${refusals.length} members were not invited:`}
            </p>
            <ul>
              {refusals.map(({ memberId, message }) => (
                <li key={memberId}>
                  <bdi>{nameOf(memberId)}</bdi>: {message}
                </li>
              ))}
            </ul>
          </Alert>
        )}
        {invites.length > 0 && (
          <>
            <div className={styles.controls}>
              <Notice>
                The codes show only now. Each works once, for its member alone. Copy or print those that the
                bot did not send.
              </Notice>
              <Checkbox
                label="Show QR codes"
                checked={withCodes}
                onChange={(event) => setWithCodes(event.target.checked)}
              />
            </div>
            {text !== undefined && (
              <TextArea
                label="All invites"
                hint="The page cannot copy in this browser. Select the text and copy it."
                readOnly
                value={text}
                onFocus={(event) => event.currentTarget.select()}
                onCopy={saveAll}
                autoFocus
              />
            )}
            <h3 className={styles.printTitle}>{guild.name}</h3>
            <ul className={styles.invites}>
              {invites.map((invite) => (
                <InviteItem
                  key={invite.member.id}
                  invite={invite}
                  withCode={withCodes}
                  onCopied={() => setSaved((ids) => new Set(ids).add(invite.member.id))}
                />
              ))}
            </ul>
          </>
        )}
        <ButtonRow end>
          <Button variant="primary" onClick={close}>
            Done
          </Button>
        </ButtonRow>
      </div>
    </Section>
  );
}

interface InviteItemProps {
  invite: Invite;
  withCode: boolean;
  onCopied: () => void;
}

function InviteItem({ invite, withCode, onCopied }: InviteItemProps) {
  const { member, code, expiresAt, delivery } = invite;
  const link = linkOf(member, code);
  return (
    <li className={styles.invite} onCopy={onCopied}>
      {withCode && <QrCode text={link} label={`Invite of ${member.displayName} as QR code`} />}
      <div className={styles.text}>
        <strong dir="auto">{member.displayName}</strong>
        <span className={styles.small}>
          @{member.discordUsername} · code <code>{code}</code> · until {formatDateTime(expiresAt)}
        </span>
        <a href={link} className={styles.link}>
          {link}
        </a>
        <span className={styles.delivery}>{describeDelivery(delivery)}</span>
      </div>
      <Button
        small
        icon="copy"
        className={styles.copy ?? ""}
        aria-label={`Copy the link of ${member.displayName}`}
        onClick={async () => {
          if (!(await copy(link))) return;
          toast(`Link of ${member.displayName} copied`);
          onCopied();
        }}
      >
        Copy
      </Button>
    </li>
  );
}

function describe(all: number, delivered: number, unknown: number) {
  if (all === 0) return unknown > 0 ? undefined : "No invite was made.";
  if (delivered === all) return "The bot sends all of them in Discord.";
  if (delivered === 0) return "Send them yourself.";
  return `The bot sends ${delivered} of them in Discord. Send the others yourself.`;
}
