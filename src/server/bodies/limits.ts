const KIBIBYTE = 1024;
const MEBIBYTE = 1024 * KIBIBYTE;

/** The limits of a body of one media type. */
export interface Body {
  /** Its JSON Schema. */
  readonly schema: object;
  /** The maximum in bytes; `max-body`: as the operator configured it. */
  readonly maxBytes: number | 'max-body';
}

/** The bodies of a route by their media types; {@link NO_BODY} for a route without a body. */
export type Bodies = Readonly<Record<string, Body>>;

export const NO_BODY: Bodies = {};
/** Commands, and desired states in JSON: the limit of one commit. */
export const COMMAND_BYTES = 16 * MEBIBYTE;
/** Parsing YAML takes fifty times as long as JSON. */
export const YAML_BYTES = MEBIBYTE;
/** Bodies of a few fields. */
export const SMALL_BYTES = 64 * KIBIBYTE;
/** The default for the largest state. */
export const MAX_BODY_BYTES = 256 * MEBIBYTE;

/** The media type in a `Content-Type` header, lower case, without parameters. */
export const mediaTypeOf = (header: string | undefined): string =>
  (header ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';

/**
 * The limit for the body of a request. An unsupported type is refused later; until then it has the limit of the others.
 * @param maxBody the value of `max-body`
 */
export function maxBytesOf(bodies: Bodies, contentType: string | undefined, maxBody: number): number {
  const { [mediaTypeOf(contentType)]: body, ...others } = bodies;
  const [{ maxBytes } = { maxBytes: 0 }] = [...(body ? [body] : []), ...Object.values(others)];
  return maxBytes === 'max-body' ? maxBody : maxBytes;
}
