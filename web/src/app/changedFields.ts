import { useRef, useState } from "react";

/** The fields that differ from those of before. An update with them alone keeps what a colleague has changed meanwhile. */
export const changedFields = <Fields extends object>(
  fields: Fields,
  before: NoInfer<Fields>,
): Partial<Fields> =>
  Object.fromEntries(
    Object.entries(fields).filter(([name, value]) => value !== before[name as keyof Fields]),
  ) as Partial<Fields>;

/**
 * What the dialog for an object's update sends: the fields that differ from those with which it opened, and those that it has
 * sent before. The server may have stored them although the response was lost.
 */
export function useChanges<Fields extends object>(opened: Fields) {
  const [before] = useState(opened);
  const sent = useRef<Partial<Fields>>({});
  const changes = (fields: Partial<Fields>): Partial<Fields> => {
    const changed = Object.entries(fields).filter(
      ([name, value]) => name in sent.current || value !== before[name as keyof Fields],
    );
    sent.current = Object.fromEntries(changed) as Partial<Fields>;
    return sent.current;
  };
  return { before, changes };
}
