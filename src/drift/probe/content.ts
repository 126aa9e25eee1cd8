import { createHash } from 'node:crypto';
import { isJsonObject, type Json } from '../../lib/json.js';

/** Longer content is returned as its digest even if content is recorded: 1 MiB. */
const MAX_SHOWN = 1024 * 1024;

/** The content of a file or a body. */
export interface Content {
  /** Bytes. */
  readonly size: number;
  /** 64 lower-case hex digits. */
  readonly sha256: string;
  /** All bytes, if they are few enough to be shown. */
  readonly bytes: Buffer | undefined;
}

/** @throws Error if there are more than `maxBytes` */
export async function readContent(chunks: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Content> {
  const hash = createHash('sha256');
  let kept: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > maxBytes) throw tooLong(maxBytes);
    hash.update(chunk);
    if (size <= MAX_SHOWN) kept.push(chunk);
    else kept = [];
  }
  return { size, sha256: hash.digest('hex'), bytes: size <= MAX_SHOWN ? Buffer.concat(kept) : undefined };
}

export const tooLong = (maxBytes: number): Error => new Error(`the content is longer than ${maxBytes} bytes`);

/** A text from a server, as content. */
export function contentOf(text: string): Content {
  const bytes = Buffer.from(text);
  return { size: bytes.length, sha256: hashOf(text, 'utf8'), bytes };
}

/**
 * The expected value if the content matches it, else its digest and length: `{"sha256","size"}`. With `record` the text, as
 * `{"base64"}` if it is not valid UTF-8, and only the digest if it is long.
 */
export function contentAs(expected: Json, { size, sha256, bytes }: Content, record: boolean): Json {
  if (digestOf(expected) === sha256) return expected;
  if (!record || !bytes) return { sha256, size };
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return { base64: bytes.toString('base64') };
  }
}

/** A digest in the expected spelling if it is equal. */
export const digestAs = (expected: Json, digest: string): Json =>
  typeof expected === 'string' && expected.toLowerCase() === digest ? expected : digest;

/** The digest of content in any of the forms of {@link contentAs}. */
function digestOf(content: Json): string | undefined {
  if (typeof content === 'string') return hashOf(content, 'utf8');
  if (!isJsonObject(content)) return undefined;
  if (typeof content.base64 === 'string') return hashOf(content.base64, 'base64');
  return typeof content.sha256 === 'string' ? content.sha256.toLowerCase() : undefined;
}

const hashOf = (text: string, encoding: BufferEncoding): string =>
  createHash('sha256').update(text, encoding).digest('hex');
