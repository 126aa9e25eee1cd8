import { equalJson, isJsonObject, type Json, type JsonObject } from '../../kernel/json.js';
import { type Content, contentAs, digestAs, readContent } from './content.js';

/** 16 MiB. */
const MAX_BODY = 16 * 1024 * 1024;

/**
 * Asks a server. Properties: `url`, `method` (GET or HEAD, which change nothing), `follow_redirects`, and any of
 * `status`, `headers`, `body`, `body_sha256`. Only what is expected is given back, in its own spelling where it is that;
 * all other properties stay. An answer of whatever status is a state; no answer is none.
 * @param timeoutMs milliseconds until the whole answer is there
 * @throws Error that says why there is no answer
 */
export async function probeHttp(expected: JsonObject, timeoutMs: number, signal: AbortSignal): Promise<JsonObject> {
  const { url, method, headers, redirect } = requestOf(expected);
  const limit = new AbortController();
  const abort = () => limit.abort(signal.reason);
  const timer = setTimeout(() => limit.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  signal.addEventListener('abort', abort);
  try {
    signal.throwIfAborted();
    const response = await fetch(url, { method, redirect, signal: limit.signal });
    const actual: Record<string, Json> = { ...expected };
    if (Object.hasOwn(expected, 'status')) {
      actual.status = equalJson(expected.status, response.status) ? (expected.status as Json) : response.status;
    }
    if (headers) actual.headers = headersAs(headers, response.headers);
    const content = await bodyOf(
      response,
      ['body', 'body_sha256'].some((field) => Object.hasOwn(expected, field)),
    );
    if (content) {
      const { body, body_sha256: digest } = expected;
      if (body !== undefined) actual.body = contentAs(body, content);
      if (digest !== undefined) actual.body_sha256 = digestAs(digest, content.sha256);
    }
    return actual;
  } catch (error) {
    throw limit.signal.aborted ? limit.signal.reason : reasonOf(error as Error);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

/** What fetch throws says only that it failed; its cause says why, or where several addresses were tried, has a code. */
function reasonOf(error: Error): Error {
  const { message, code } = (error.cause ?? error) as NodeJS.ErrnoException;
  return new Error(message || code, { cause: error });
}

function requestOf({ url, method = 'GET', follow_redirects: follow = false, headers }: JsonObject) {
  if (typeof url !== 'string' || !URL.canParse(url)) throw new Error('"url" must be the text of a URL');
  const parsed = new URL(url);
  if (!/^https?:$/.test(parsed.protocol)) throw new Error('"url" must begin with http: or https:');
  // The URL would stand in the error that fetch throws.
  if (parsed.username !== '' || parsed.password !== '') throw new Error('"url" must not hold a user or a password');
  if (method !== 'GET' && method !== 'HEAD') throw new Error('"method" must be GET or HEAD');
  if (typeof follow !== 'boolean') throw new Error('"follow_redirects" must be true or false');
  if (headers !== undefined && !isJsonObject(headers))
    throw new Error('"headers" must be an object of names and texts');
  return { url: parsed, method, headers, redirect: follow ? ('follow' as const) : ('manual' as const) };
}

/** Of the headers those expected, under their names as expected; one that is missing is left out. */
const headersAs = (expected: JsonObject, actual: Headers): JsonObject =>
  Object.fromEntries(
    Object.keys(expected).flatMap((name) => {
      const value = actual.get(name);
      return value === null ? [] : [[name, value]];
    }),
  );

async function bodyOf(response: Response, wanted: boolean): Promise<Content | undefined> {
  if (wanted) return readContent(response.body ?? nothing(), MAX_BODY);
  await response.body?.cancel();
  return undefined;
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
