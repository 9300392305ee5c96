// Sections that features add to a page of another one.
import { useMemo } from "react";
import { Skeleton } from "../ui/PageState";
import { type Feature, type Section, useFeatures } from "./feature";
import { Lazy } from "./lazy";
import { useViewer } from "./viewer";

type List = "homeCards" | "meSections" | "memberSections" | "guildSections";
type PropsOf<Name extends List> =
  NonNullable<Feature[Name]>[number] extends Section<infer Props extends object> ? Props : never;

interface SectionsProps<Name extends List> {
  /** The list of each feature to show. */
  list: Name;
  /** What each section gets. */
  props: PropsOf<Name>;
}

export function Sections<Name extends List>({ list, props }: SectionsProps<Name>) {
  const features = useFeatures();
  const viewer = useViewer();
  const sections = useMemo(() => {
    const all = features.flatMap((feature) => (feature[list] ?? []) as readonly Section<PropsOf<Name>>[]);
    return all.sort((a, b) => a.order - b.order);
  }, [features, list]);
  return sections
    .filter(({ isShown }) => isShown?.(viewer) ?? true)
    .map(({ id, load }) => <Lazy key={id} load={load} props={props} fallback={<Skeleton rows={2} />} />);
}
