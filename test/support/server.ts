import { createHash } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { StateBackend } from '../../src/index.js';
import { type JsonObject, parseJson, stringifyJson } from '../../src/lib/json.js';
import { type ServeOptions, startServer } from '../../src/server/index.js';
import { freshPlace } from './stores.js';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: JsonObject;
}

export type Ask = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Readonly<Record<string, string>>,
) => Promise<Answer>;

/** A server on a separate database, and a client. Both end with the test. */
export async function serving(options: ServeOptions = {}) {
  const place = await freshPlace();
  const backend = await StateBackend.open(place, { actor: 'test' });
  const server = await startServer(backend, { listen: '127.0.0.1:0', ...options });
  onTestFinished(async () => {
    await server.close();
    await backend.close();
  });
  return { place, backend, server, ask: asking(server.url) };
}

/** A client that sends documents as JSON, and texts and bytes unchanged. */
export const asking =
  (url: string): Ask =>
  async (method, path, body, headers = {}) => {
    const raw = body === undefined || typeof body === 'string' || body instanceof Uint8Array;
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: raw ? (body as string) : stringifyJson(body) }),
    });
    const text = await response.text();
    const { status, headers: answered } = response;
    const isJson = (answered.get('content-type') ?? '').includes('json') && text !== '';
    return { status, headers: answered, text, json: isJson ? (parseJson(text) as JsonObject) : {} };
  };

export const md5 = (text: string | Uint8Array): string => createHash('md5').update(text).digest('base64');
