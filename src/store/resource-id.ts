/** The id that a caller assigned to the resource, otherwise one made from its number. */
export const resourceId = ({
  id,
  resource,
}: {
  readonly id?: string | null | undefined;
  readonly resource: number;
}): string => id ?? `res-${resource}`;

const RESERVED = /^res-([1-9]\d{0,15})$/;

/** The number in an id `res-<number>`; undefined for an id that a caller assigned. */
export function resourceNumber(id: string): number | undefined {
  const number = RESERVED.exec(id)?.[1];
  return number === undefined ? undefined : Number(number);
}
