import type { IncomingMessage } from 'node:http';
import { equalJson, isJsonObject, type Json, type JsonObject } from '../../lib/json.js';
import { type Content, contentAs, contentOf, digestAs, readContent } from './content.js';
import type { AllowedHosts } from './hosts.js';
import { ask, checkUrl, type Lookup } from './request.js';

/** 16 MiB. */
const MAX_BODY = 16 * 1024 * 1024;

export interface HttpOptions {
  readonly hosts: AllowedHosts;
  readonly lookup: Lookup;
  /** Returns differing headers and bodies themselves, instead of digest and length. */
  readonly recordContent: boolean;
  /** Milliseconds until the response is complete. */
  readonly timeoutMs: number;
}

/**
 * Requests a URL. Properties: `url`, `method` (GET or HEAD, which change nothing), `follow_redirects`, and any of `status`,
 * `headers`, `body`, `body_sha256`. Only expected properties are returned, in the expected spelling if they are equal; all
 * others stay unchanged. A response with any status is a state; a missing response is an error.
 * @throws Error with the reason for a missing response
 */
export async function probeHttp(expected: JsonObject, options: HttpOptions, signal: AbortSignal): Promise<JsonObject> {
  const { timeoutMs, recordContent } = options;
  const { url, method, headers, follow } = requestOf(expected);
  const limit = new AbortController();
  const abort = () => limit.abort(signal.reason);
  const timer = setTimeout(() => limit.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  signal.addEventListener('abort', abort);
  try {
    signal.throwIfAborted();
    const response = await ask(url, { ...options, method, follow, signal: limit.signal });
    const actual: Record<string, Json> = { ...expected };
    if (Object.hasOwn(expected, 'status')) {
      const status = response.statusCode ?? 0;
      actual.status = equalJson(expected.status, status) ? (expected.status as Json) : status;
    }
    if (headers) actual.headers = headersAs(headers, response.headersDistinct, recordContent);
    const content = await bodyOf(
      response,
      ['body', 'body_sha256'].some((field) => Object.hasOwn(expected, field)),
    );
    if (content) {
      const { body, body_sha256: digest } = expected;
      if (body !== undefined) actual.body = contentAs(body, content, recordContent);
      if (digest !== undefined) actual.body_sha256 = digestAs(digest, content.sha256);
    }
    return actual;
  } catch (error) {
    throw limit.signal.aborted ? limit.signal.reason : reasonOf(error as NodeJS.ErrnoException);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

/** If several addresses were tried, there is only a code. */
function reasonOf(error: NodeJS.ErrnoException): Error {
  const { message, code } = error;
  if (message === 'aborted')
    return new Error('the connection was closed before the answer was complete', { cause: error });
  return new Error(message || code, { cause: error });
}

function requestOf({ url, method = 'GET', follow_redirects: follow = false, headers }: JsonObject) {
  if (typeof url !== 'string' || !URL.canParse(url)) throw new Error('"url" must be the text of a URL');
  const parsed = new URL(url);
  checkUrl(parsed, '"url"');
  if (method !== 'GET' && method !== 'HEAD') throw new Error('"method" must be GET or HEAD');
  if (typeof follow !== 'boolean') throw new Error('"follow_redirects" must be true or false');
  if (headers !== undefined && !isJsonObject(headers))
    throw new Error('"headers" must be an object of names and texts');
  return { url: parsed, method: method as 'GET' | 'HEAD', headers, follow };
}

/** The expected headers, under their expected names; a missing one is left out. */
const headersAs = (
  expected: JsonObject,
  actual: IncomingMessage['headersDistinct'],
  recordContent: boolean,
): JsonObject =>
  Object.fromEntries(
    Object.entries(expected).flatMap(([name, value]) => {
      const found = actual[name.toLowerCase()]?.join(', ');
      return found === undefined ? [] : [[name, contentAs(value, contentOf(found), recordContent)]];
    }),
  );

async function bodyOf(response: IncomingMessage, wanted: boolean): Promise<Content | undefined> {
  try {
    return wanted ? await readContent(response, MAX_BODY) : undefined;
  } finally {
    response.destroy();
  }
}
