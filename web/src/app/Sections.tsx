// Sections that features add to a page of another one.
import { type ComponentType, lazy, Suspense, useMemo } from "react";
import { Skeleton } from "../ui/PageState";
import type { Section } from "./feature";
import { useViewer } from "./viewer";

interface SectionsProps<Props extends object> {
  sections: readonly Section<Props>[];
  /** What each section gets. */
  props: Props;
}

export function Sections<Props extends object>({ sections, props }: SectionsProps<Props>) {
  const viewer = useViewer();
  const parts = useMemo(
    () =>
      sections
        .map(({ id, order, isShown, load }) => ({ id, order, isShown, Content: lazy(load) }))
        .sort((a, b) => a.order - b.order),
    [sections],
  );
  return parts
    .filter(({ isShown }) => isShown?.(viewer) ?? true)
    .map(({ id, Content }) => {
      const Part = Content as ComponentType<Props>;
      return (
        <Suspense key={id} fallback={<Skeleton rows={2} />}>
          <Part {...props} />
        </Suspense>
      );
    });
}
