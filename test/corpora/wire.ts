import { connect } from 'node:net';

export interface Reply {
  /** Of each answer on the connection, in their order. */
  readonly statuses: readonly number[];
  /** Of the first one, without its body. */
  readonly head: string;
  readonly body: string;
  readonly ms: number;
}

/** No answer takes so long; a server that waits for more of a request closes the connection earlier. */
const HANGS_MS = 15_000;

/**
 * Sends bytes as they are and reads until the server closes the connection. A stream of events is left when it begins.
 * @throws Error where the connection stays open
 */
export function exchange(url: string, bytes: string | Buffer): Promise<Reply> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const begin = performance.now();
    const chunks: Buffer[] = [];
    const socket = connect({ port: Number(port), host: hostname, noDelay: true });
    const done = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(replyOf(Buffer.concat(chunks).toString('utf8'), performance.now() - begin));
    };
    const timer = setTimeout(() => {
      socket.destroy();
      const received = Buffer.concat(chunks).toString('latin1').slice(0, 300);
      reject(new Error(`open after ${HANGS_MS} ms, received ${JSON.stringify(received)}`));
    }, HANGS_MS);
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      if (chunks.length === 1 && chunk.includes('text/event-stream')) done();
    });
    socket.on('close', done).on('error', () => {}); // a reset is a close
    socket.write(bytes);
  });
}

function replyOf(text: string, ms: number): Reply {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const statuses = [...text.matchAll(/(?:^|\n|\})HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
  return { statuses, head, body: rest.join('\r\n\r\n'), ms };
}

/** The bytes of a request on a connection of its own. Header values and the target are sent as they are. */
export function requestBytes(
  method: string,
  target: string,
  { headers = {}, body = '' }: { headers?: Readonly<Record<string, string>>; body?: string | Buffer } = {},
): Buffer {
  const bytes = Buffer.from(body);
  const given: Record<string, string> = { Host: 'localhost', Connection: 'close', ...headers };
  if (bytes.length > 0 && given['Content-Type'] === undefined) given['Content-Type'] = 'application/json';
  if (bytes.length > 0 || method === 'POST') given['Content-Length'] = String(bytes.length);
  const lines = Object.entries(given).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`), bytes]);
}

/** What is sent and answered, and what is wrong with it. Counts go into the report of a soak. */
export class Tally {
  readonly faults: string[] = [];
  readonly results = new Map<string, number>();
  #slowest = { ms: 0, what: '' };

  add(what: string, { statuses, head, body, ms }: Reply): void {
    const result = statuses.join(',') || 'closed';
    this.count(result);
    if (ms > this.#slowest.ms) this.#slowest = { ms, what };
    const problem = problemIn(statuses, head, body);
    if (problem) this.faults.push(`${problem}: ${what} → ${head.split('\r\n')[0]} ${body.slice(0, 300)}`);
  }

  count(result: string): void {
    this.results.set(result, (this.results.get(result) ?? 0) + 1);
  }

  toString(): string {
    const total = [...this.results.values()].reduce((sum, count) => sum + count, 0);
    const results = [...this.results].sort().map(([result, count]) => `${result}: ${count}`);
    const { ms, what } = this.#slowest;
    return `${total} (${results.join(', ')}), slowest ${Math.round(ms)} ms${what ? ` ${what.slice(0, 200)}` : ''}`;
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
const CONTROL = /[\0-\x08\x0b\x0c\x0e-\x1f]/;

function problemIn(statuses: readonly number[], head: string, body: string): string | undefined {
  if (statuses.some((status) => status >= 500)) return 'server error';
  if (/this is a bug|"INTERNAL"/.test(body) && !statuses.includes(200)) return 'reported as a bug';
  if (/^x-injected/im.test(head)) return 'header injected';
  if (CONTROL.test(head) || CONTROL.test(body)) return 'control byte';
  return undefined;
}
