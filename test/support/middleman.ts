import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

/** A request that was forwarded. */
export interface Passed {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly status: number;
}

/**
 * A proxy before a server. With `drop` every response is lost once: the server has executed the request, the client loses
 * the connection and must retry.
 */
export async function middleman(target: string, { drop = false } = {}) {
  const passed: Passed[] = [];
  const dropped = new Set<string>();
  let lost = 0;
  const server = createServer((incoming, outgoing) => {
    pass(incoming, outgoing).catch(() => outgoing.destroy());
  });

  async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await buffer(incoming);
    const { method = '', url = '', headers } = incoming;
    const answer = await send(new URL(url, target), method, headers, body);
    const content = await buffer(answer);
    passed.push({ method, path: url, body: body.toString(), status: answer.statusCode ?? 0 });
    const key = createHash('md5').update(`${method} ${url} `).update(body).digest('hex');
    if (drop && !dropped.delete(key)) {
      dropped.add(key);
      lost += 1;
      outgoing.destroy();
      return;
    }
    outgoing.writeHead(answer.statusCode ?? 0, answer.headers).end(content);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    passed,
    lost: () => lost,
    /** The bodies of stored states, oldest first. */
    stored: () =>
      passed.filter(({ method, path, status }) => method === 'POST' && !path.includes('/lock') && status === 200),
  };
}

const send = (url: URL, method: string, headers: IncomingMessage['headers'], body: Buffer): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const { host: _, ...others } = headers;
    request(url, { method, headers: others, agent: false }, resolve).on('error', reject).end(body);
  });
