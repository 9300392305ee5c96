import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } from "react";
import { ClassMarker, Role } from "../../app/characters/Role";
import { Link } from "../../app/Link";
import { classLabel } from "../../app/labels";
import type { Pages } from "../../app/pages";
import { useDensity } from "../../app/preferences";
import type { RosterPageQuery } from "../../gql/graphql";
import { Badge } from "../../ui/Card";
import styles from "./MemberTable.module.css";

type RosterMember = RosterPageQuery["members"]["nodes"][number];

/** Number of members of a page. */
export const PAGE_SIZE = 100;
/** Number of rows outside of the window. */
const OVERSCAN = 8;
/** Number of rows before the end at which the next page loads. */
const LOAD_AHEAD = 30;

/** The members, of which only those near the window are in the document. */
export function MemberTable({ roster }: { roster: Pages<RosterMember> }) {
  const { nodes, total, hasMore, isOld, loadMore, setLive } = roster;
  const height = useRowHeight();
  const body = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    if (!body.current) return;
    const measure = () => setTop((body.current?.getBoundingClientRect().top ?? 0) + window.scrollY);
    measure();
    // What stands above may change its height, such as the filters.
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, []);
  const virtualizer = useWindowVirtualizer({
    count: nodes.length,
    estimateSize: () => height,
    overscan: OVERSCAN,
    scrollMargin: top,
    getItemKey: (index) => nodes[index]?.id ?? index,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another density has other rows.
  useEffect(() => virtualizer.measure(), [height]);
  const rows = virtualizer.getVirtualItems();
  const lastRow = rows.at(-1)?.index ?? 0;
  const firstPage = Math.floor((rows[0]?.index ?? 0) / PAGE_SIZE);
  const lastPage = Math.floor(lastRow / PAGE_SIZE);
  useEffect(() => setLive(firstPage, lastPage), [setLive, firstPage, lastPage]);
  useEffect(() => {
    if (hasMore && lastRow >= nodes.length - LOAD_AHEAD) loadMore();
  }, [hasMore, lastRow, nodes.length, loadMore]);
  return (
    <div
      className={styles.table}
      role="table"
      aria-label="Members"
      aria-rowcount={(total ?? nodes.length) + 1}
      aria-busy={isOld}
    >
      <div className={styles.head} role="row" aria-rowindex={1}>
        <span role="columnheader">Member</span>
        <span role="columnheader">Main character</span>
        <span role="columnheader">Rank</span>
      </div>
      <div
        ref={body}
        className={styles.body}
        role="rowgroup"
        style={{ height: virtualizer.getTotalSize() }}
        data-old={isOld}
      >
        {rows.map(({ index, key, start, size }) => {
          const member = nodes[index];
          return (
            member && (
              <MemberRow
                key={key}
                member={member}
                index={index}
                style={{ height: size, transform: `translateY(${start - top}px)` }}
              />
            )
          );
        })}
      </div>
      {hasMore && lastRow >= nodes.length - 1 && (
        <p className={styles.more} role="status">
          Loading more…
        </p>
      )}
    </div>
  );
}

interface MemberRowProps {
  member: RosterMember;
  index: number;
  style: React.CSSProperties;
}

function MemberRow({ member, index, style }: MemberRowProps) {
  const { id, displayName, discordUsername, isActive, isRegistered, rank, mainCharacter } = member;
  return (
    <div className={styles.row} role="row" aria-rowindex={index + 2} style={style}>
      <div role="cell" className={styles.member}>
        <span className={styles.name}>
          <Link href={`/members/${id}`} className={styles.link} dir="auto">
            {displayName}
          </Link>
          {!isActive ? (
            <Badge tone="danger">Inactive</Badge>
          ) : (
            isRegistered === false && <Badge>Not registered</Badge>
          )}
        </span>
        {discordUsername && discordUsername !== displayName && (
          <span className={styles.username}>@{discordUsername}</span>
        )}
      </div>
      <div role="cell" className={styles.main}>
        {mainCharacter && (
          <>
            <ClassMarker value={mainCharacter.class} />
            <span className={styles.character}>
              <span className={styles.characterName} dir="auto">
                {mainCharacter.name}
              </span>
              <span className={styles.class}>
                {mainCharacter.spec && `${mainCharacter.spec} `}
                {classLabel(mainCharacter.class)}
              </span>
            </span>
            <span className={styles.role}>
              <Role role={mainCharacter.role} />
            </span>
          </>
        )}
      </div>
      <div role="cell" className={styles.rank} dir="auto">
        {rank.name}
      </div>
    </div>
  );
}

const narrow = window.matchMedia("(max-width: 1023px)");
const subscribe = (listener: () => void) => {
  narrow.addEventListener("change", listener);
  return () => narrow.removeEventListener("change", listener);
};

/** The height of a row in pixels: on a narrow page it has two lines. */
function useRowHeight() {
  const density = useDensity();
  const isNarrow = useSyncExternalStore(subscribe, () => narrow.matches);
  if (isNarrow) return density === "compact" ? 56 : 68;
  return density === "compact" ? 40 : 56;
}
