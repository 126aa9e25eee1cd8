import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type ProbeOptions, probe } from '../../src/drift/index.js';
import type { Json, JsonObject } from '../../src/lib/json.js';
import { expected, look } from './support.js';

const sha256 = (content: string): string => createHash('sha256').update(content).digest('hex');

/** The root URL of a server with this handler. */
async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** The host of the URL is allowed, and differing content is returned as it is. */
const allowing = (url: unknown): ProbeOptions => ({
  hosts: typeof url === 'string' && URL.canParse(url) ? [new URL(url).host].filter(Boolean) : [],
  recordContent: true,
});

const at = async (properties: JsonObject, options: ProbeOptions = {}): Promise<Json | undefined> =>
  (await look(probe({ ...allowing(properties.url), ...options }), [expected('http.x', properties)])).found['http.x'];

const hello = (_: IncomingMessage, response: ServerResponse) => {
  response.writeHead(200, { 'Content-Type': 'text/plain', 'X-Version': '7' }).end('hello');
};

describe('http', () => {
  test('returns the expected properties of a response, and leaves the others', async () => {
    const url = await serve(hello);
    const same = {
      url,
      status: 200,
      headers: { 'CONTENT-type': 'text/plain' },
      body: 'hello',
      body_sha256: sha256('hello').toUpperCase(),
      owner: { team: 'web' },
    };
    expect(await at(same)).toEqual(same);
    expect(await at({ url })).toEqual({ url });
    expect(
      await at({ url, status: 404, headers: { 'x-version': '8', 'x-missing': 'y' }, body: 'bye', body_sha256: '' }),
    ).toEqual({
      url,
      status: 200,
      headers: { 'x-version': '7' },
      body: 'hello',
      body_sha256: sha256('hello'),
    });
  });

  test('every status is a state, including a server error', async () => {
    const url = await serve((_, response) => response.writeHead(503).end());
    expect(await at({ url, status: 200, body: 'x' })).toEqual({ url, status: 503, body: '' });
  });

  test('uses HEAD on request', async () => {
    const methods: unknown[] = [];
    const url = await serve((request, response) => {
      methods.push(request.method);
      response.writeHead(204).end();
    });
    expect(await at({ url, method: 'HEAD', status: 200 })).toEqual({ url, method: 'HEAD', status: 204 });
    await at({ url });
    expect(methods).toEqual(['HEAD', 'GET']);
  });

  test('redirects are a state, and followed only on request', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/') response.writeHead(302, { Location: '/there' }).end();
      else response.end('there');
    });
    const wanted = { url, status: 200, headers: { location: '' }, body: 'there' };
    expect(await at(wanted)).toEqual({ url, status: 302, headers: { location: '/there' }, body: '' });
    expect(await at({ ...wanted, follow_redirects: true })).toEqual({ ...wanted, headers: {}, follow_redirects: true });
  });

  test('a binary body is returned as base64, a long one as a digest', async () => {
    const long = 'x'.repeat(2_000_000);
    const url = await serve((request, response) => {
      response.end(request.url === '/long' ? long : Buffer.from([0xff]));
    });
    expect(await at({ url, body: 'x' })).toEqual({ url, body: { base64: '/w==' } });
    expect(await at({ url: `${url}long`, body: 'x' })).toEqual({
      url: `${url}long`,
      body: { sha256: sha256(long), size: 2_000_000 },
    });
  });

  test('a body beyond 16 MiB is not read to its end', async () => {
    let closed = 0;
    const url = await serve((_, response) => {
      const chunk = Buffer.alloc(1 << 20);
      const more = (): void => {
        while (!response.closed && response.write(chunk));
      };
      response.on('close', () => {
        closed++;
      });
      response.on('drain', more);
      more();
    });
    expect(await at({ url, body_sha256: '' })).toBe('the content is longer than 16777216 bytes');
    expect(await at({ url, status: 200 })).toEqual({ url, status: 200 });
    await expect.poll(() => closed).toBe(2);
  });

  test('no response within the time limit is an error, for the head or the body', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/body') response.writeHead(200).write('begun');
    });
    expect(await at({ url, status: 200 }, { timeoutMs: 200 })).toBe('no answer within 200 ms');
    expect(await at({ url: `${url}body`, body: 'x' }, { timeoutMs: 200 })).toBe('no answer within 200 ms');
  });

  test('an unreachable server is an error, not a missing resource', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    expect(await at({ url: `http://127.0.0.1:${port}/` })).toMatch(/ECONNREFUSED/);
    expect(await at({ url: `http://localhost:${port}/` })).toMatch(/ECONNREFUSED/);
  });

  test('an interrupted response is an error', async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { 'Content-Length': 10 }).write('half');
      setTimeout(() => response.destroy(), 50);
    });
    expect(await at({ url, body: 'x' })).toMatch(/closed|terminated/);
  });

  test.each<[JsonObject, string]>([
    [{}, '"url" must be the text of a URL'],
    [{ url: 1 }, '"url" must be the text of a URL'],
    [{ url: '/relative' }, '"url" must be the text of a URL'],
    [{ url: 'file:///etc/passwd' }, '"url" must begin with http: or https:'],
    [{ url: 'http://me:hunter2@127.0.0.1/' }, '"url" must not contain a user or a password'],
    [{ url: 'http://127.0.0.1/', method: 'POST' }, '"method" must be GET or HEAD'],
    [{ url: 'http://127.0.0.1/', follow_redirects: 'yes' }, '"follow_redirects" must be true or false'],
    [{ url: 'http://127.0.0.1/', headers: ['a'] }, '"headers" must be an object of names and texts'],
  ])('%j cannot be requested', async (properties, error) => {
    expect(await at(properties)).toBe(error);
  });

  test('runs at most the allowed number of requests at a time', async () => {
    let open = 0;
    let most = 0;
    const url = await serve((_, response) => {
      most = Math.max(most, ++open);
      setTimeout(() => {
        open--;
        response.end();
      }, 30);
    });
    const resources = Array.from({ length: 40 }, (_, n) => expected(`http.x${n}`, { url, status: 200 }));
    const { observations } = await look(probe({ ...allowing(url), concurrency: 4 }), resources);
    expect(observations).toHaveLength(40);
    expect(most).toBe(4);
  });

  test('stops when it is aborted', async () => {
    const stop = new AbortController();
    const url = await serve(() => stop.abort(new Error('enough')));
    await expect(look(probe(allowing(url)), [expected('http.x', { url })], { signal: stop.signal })).rejects.toThrow(
      'enough',
    );
  });
});
