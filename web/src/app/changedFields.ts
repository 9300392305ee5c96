/** The fields that differ from those of before. An update with them alone keeps what a colleague has changed meanwhile. */
export const changedFields = <Fields extends object>(
  fields: Fields,
  before: NoInfer<Fields>,
): Partial<Fields> =>
  Object.fromEntries(
    Object.entries(fields).filter(([name, value]) => value !== before[name as keyof Fields]),
  ) as Partial<Fields>;
