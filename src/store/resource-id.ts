/** What a resource is known by: the id a caller gave it, else one of its number. */
export const resourceId = ({
  id,
  resource,
}: {
  readonly id?: string | null | undefined;
  readonly resource: number;
}): string => id ?? `res-${resource}`;

const RESERVED = /^res-([1-9]\d{0,15})$/;

/** The number of a resource that is known by `res-<number>`; undefined for an id of its caller's. */
export function resourceNumber(id: string): number | undefined {
  const number = RESERVED.exec(id)?.[1];
  return number === undefined ? undefined : Number(number);
}
