const KIBIBYTE = 1024;
const MEBIBYTE = 1024 * KIBIBYTE;

/** What a body of one media type may be. */
export interface Body {
  /** Its JSON Schema. */
  readonly schema: object;
  /** Bytes at most; `max-body`: as the operator set it. */
  readonly maxBytes: number | 'max-body';
}

/** The bodies of a route by their media types; {@link NO_BODY} for a route that takes none. */
export type Bodies = Readonly<Record<string, Body>>;

export const NO_BODY: Bodies = {};
/** Commands, and desired states in JSON: what one commit may hold. */
export const COMMAND_BYTES = 16 * MEBIBYTE;
/** YAML is read fifty times as slowly as JSON. */
export const YAML_BYTES = MEBIBYTE;
/** Bodies of a few fields. */
export const SMALL_BYTES = 64 * KIBIBYTE;
/** The largest state that is taken, unless the operator says otherwise. */
export const MAX_BODY_BYTES = 256 * MEBIBYTE;

/** The media type in a `Content-Type` header, lower case, without parameters. */
export const mediaTypeOf = (header: string | undefined): string =>
  (header ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';

/**
 * How large the body of a request may be. One of a type that the route does not take is refused for that; until then it may
 * be as large as the others.
 * @param maxBody what `max-body` is
 */
export function maxBytesOf(bodies: Bodies, contentType: string | undefined, maxBody: number): number {
  const { [mediaTypeOf(contentType)]: body, ...others } = bodies;
  const [{ maxBytes } = { maxBytes: 0 }] = [...(body ? [body] : []), ...Object.values(others)];
  return maxBytes === 'max-body' ? maxBody : maxBytes;
}
