import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type ProbeOptions, probe } from '../../src/drift/index.js';
import { AllowedHosts } from '../../src/drift/probe/hosts.js';
import type { Json, JsonObject } from '../../src/lib/json.js';
import { expected, look } from './support.js';

interface Server {
  readonly port: number;
  /** `METHOD URL` of each request, with the header `host`. */
  readonly requests: string[];
}

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.headers.host}${request.url}`);
    answer(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, requests };
}

const secret = (_: IncomingMessage, response: ServerResponse) => {
  response.writeHead(200, { 'X-Secret': 'hunter2' }).end('hunter2');
};

const ALL: JsonObject = { status: 0, headers: { 'x-secret': '' }, body: '', body_sha256: '' };

const at = async (url: string, options: ProbeOptions = {}, properties: JsonObject = ALL): Promise<Json | undefined> =>
  (await look(probe(options), [expected('http.x', { url, follow_redirects: true, ...properties })])).found['http.x'];

const notAllowed = (host: string): string =>
  `"${host}" is not among the hosts that may be probed: allow it with --probe-host '${host}'`;
const notPublic = (name: string, address: string, port: number): string =>
  `"${name}" leads to ${address}, which is not a public address: allow it with --probe-host '${address}:${port}'`;

/** A resolver that returns these addresses in order, and the last one from then on. */
const resolving = (...answers: string[]): NonNullable<ProbeOptions['lookup']> => {
  return async () => {
    const address = (answers.length > 1 ? answers.shift() : answers[0]) ?? '';
    return [{ address, family: address.includes(':') ? 6 : 4 }];
  };
};

describe('a host that is not allowed', () => {
  test('is not requested, by default none', async () => {
    const { port, requests } = await serve(secret);
    expect(await at(`http://127.0.0.1:${port}/`)).toBe(notAllowed(`127.0.0.1:${port}`));
    expect(await at(`http://localhost:${port}/`)).toBe(notAllowed(`localhost:${port}`));
    expect(await at('http://169.254.169.254/latest/meta-data/')).toBe(notAllowed('169.254.169.254:80'));
    expect(await at('https://example.com/')).toBe(notAllowed('example.com:443'));
    expect(requests).toEqual([]);
  });

  test('is not resolved', async () => {
    const asked: string[] = [];
    const lookup = async (name: string) => {
      asked.push(name);
      return [{ address: '127.0.0.1', family: 4 }];
    };
    await at('http://secret.exfiltrated.example/', { hosts: ['example.com'], lookup });
    expect(asked).toEqual([]);
  });

  test('is not reached through another port of an allowed host', async () => {
    const { port, requests } = await serve(secret);
    expect(await at(`http://127.0.0.1:${port}/`, { hosts: ['127.0.0.1'] })).toBe(notAllowed(`127.0.0.1:${port}`));
    expect(await at(`http://127.0.0.1:${port}/`, { hosts: ['127.0.0.1:1'] })).toBe(notAllowed(`127.0.0.1:${port}`));
    expect(requests).toEqual([]);
  });

  test.each(['http:/', 'http:///', 'http:\\\\', 'HTTP://'])(
    'is not reached by %s in place of http://',
    async (scheme) => {
      const { port, requests } = await serve(secret);
      expect(await at(`${scheme}127.0.0.1:${port}/`, { hosts: ['example.com'] })).toBe(notAllowed(`127.0.0.1:${port}`));
      expect(requests).toEqual([]);
    },
  );
});

describe('a redirect', () => {
  /** Redirects `/` to the given URL, and answers everything else. */
  const redirecting = (to: () => string) =>
    serve((request, response) => {
      if (request.url === '/') response.writeHead(302, { Location: to() }).end();
      else secret(request, response);
    });

  test('is followed only to an allowed host', async () => {
    const inner = await serve(secret);
    const outer = await redirecting(() => `http://127.0.0.1:${inner.port}/metadata`);
    const [from, to] = [`127.0.0.1:${outer.port}`, `127.0.0.1:${inner.port}`];
    expect(await at(`http://${from}/`, { hosts: [from] })).toBe(notAllowed(to));
    expect(inner.requests).toEqual([]);
    expect(await at(`http://${from}/`, { hosts: [from, to] })).toMatchObject({ status: 200 });
    expect(inner.requests).toEqual([`GET ${to}/metadata`]);
  });

  test.each([
    ['http://169.254.169.254/latest', /"169.254.169.254:80" is not among/],
    ['http://localhost/', /"localhost:80" is not among/],
    ['//[::1]/', /"\[::1\]:80" is not among/],
    ['file:///etc/shadow', /^the URL it redirects to must begin with http: or https:$/],
    ['gopher://127.0.0.1/', /^the URL it redirects to must begin with http: or https:$/],
    ['http://me:hunter2@127.0.0.1/', /^the URL it redirects to must not contain a user or a password$/],
    ['http://[', /^it redirects to an invalid URL$/],
  ])('to %s is an error', async (location, error) => {
    const { port } = await redirecting(() => location);
    const found = await at(`http://127.0.0.1:${port}/`, { hosts: [`127.0.0.1:${port}`] });
    expect(found).toMatch(error);
    expect(found).not.toContain('hunter2');
  });

  test('is followed five times at most', async () => {
    const { port, requests } = await serve((request, response) => {
      const left = Number(request.url?.slice(1));
      if (left === 0) response.end('there');
      else response.writeHead(307, { Location: `/${left - 1}` }).end();
    });
    const options = { hosts: [`127.0.0.1:${port}`], recordContent: true };
    expect(await at(`http://127.0.0.1:${port}/5`, options, { body: '' })).toMatchObject({ body: 'there' });
    expect(requests).toHaveLength(6);
    expect(await at(`http://127.0.0.1:${port}/6`, options, { body: '' })).toBe('more than 5 redirects');
    expect(requests).toHaveLength(12);
  });

  test('leads by a name to a loopback address only if that address is named', async () => {
    const { port, requests } = await serve((request, response) => {
      if (request.headers.host?.startsWith('a.'))
        response.writeHead(301, { Location: `http://b.example:${port}/` }).end();
      else secret(request, response);
    });
    const hosts = [`a.example:${port}`, `b.example:${port}`];
    const lookup = resolving('127.0.0.1');
    expect(await at(`http://a.example:${port}/`, { hosts, lookup })).toBe(notPublic('a.example', '127.0.0.1', port));
    expect(requests).toEqual([]);
    expect(await at(`http://a.example:${port}/`, { hosts: [...hosts, `127.0.0.1:${port}`], lookup })).toMatchObject({
      status: 200,
    });
    expect(requests).toHaveLength(2);
  });
});

describe('a name', () => {
  test('is resolved once for each connection, which uses that address', async () => {
    const { port, requests } = await serve((request, response) => {
      if (request.url === '/') response.writeHead(302, { Location: `http://rebind.example:${port}/again` }).end();
      else secret(request, response);
    });
    const hosts = [`rebind.example:${port}`, `127.0.0.1:${port}`];
    const url = `http://rebind.example:${port}/`;
    expect(await at(url, { hosts, lookup: resolving('127.0.0.1', '10.0.0.1') })).toBe(
      notPublic('rebind.example', '10.0.0.1', port),
    );
    expect(requests).toEqual([`GET rebind.example:${port}/`]);
    expect(await at(url, { hosts, lookup: resolving('10.0.0.1', '127.0.0.1') })).toBe(
      notPublic('rebind.example', '10.0.0.1', port),
    );
    expect(requests).toHaveLength(1);
  });

  test('with several addresses is connected to by the allowed ones', async () => {
    const { port } = await serve(secret);
    const lookup = async () => [
      { address: '10.0.0.1', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ];
    const hosts = [`x.example:${port}`, `127.0.0.1:${port}`];
    expect(await at(`http://x.example:${port}/`, { hosts, lookup }, { status: 200 })).toMatchObject({ status: 200 });
  });

  test('may be localhost, which leads to loopback addresses only', async () => {
    const { port, requests } = await serve(secret);
    const hosts = [`localhost:${port}`];
    for (const name of ['localhost', 'LOCALHOST', 'localhost.']) {
      expect(await at(`http://${name}:${port}/`, { hosts }, { status: 200 })).toMatchObject({ status: 200 });
    }
    expect(requests).toHaveLength(3);
    expect(await at(`http://localhost:${port}/`, { hosts, lookup: resolving('10.0.0.1') })).toBe(
      notPublic('localhost', '10.0.0.1', port),
    );
    expect(await at(`http://127.0.0.1:${port}/`, { hosts })).toBe(notAllowed(`127.0.0.1:${port}`));
    expect(
      await at(`http://x.example:${port}/`, { hosts: [...hosts, `x.example:${port}`], lookup: resolving('127.0.0.1') }),
    ).toBe(notPublic('x.example', '127.0.0.1', port));
  });

  test('that cannot be resolved is an error', async () => {
    const lookup = async () => {
      throw Object.assign(new Error('getaddrinfo ENOTFOUND x.example'), { code: 'ENOTFOUND' });
    };
    expect(await at('http://x.example/', { hosts: ['x.example'], lookup })).toBe('getaddrinfo ENOTFOUND x.example');
    expect(await at('http://x.example/', { hosts: ['x.example'], lookup: async () => [] })).toBe(
      '"x.example" has no address',
    );
  });
});

describe('addresses', () => {
  test.each([
    '0.0.0.0',
    '0.1.2.3',
    '10.1.2.3',
    '100.64.0.1',
    '100.100.100.200',
    '127.0.0.1',
    '127.255.255.255',
    '168.63.129.16',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.192',
    '192.0.2.1',
    '192.88.99.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '::ffff:0:7f00:1',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::a00:1',
    '2002:7f00:1::',
    '2002:a9fe:a9fe::1',
    '2001:0:7f00:1::',
    '2001:db8::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    '100::1',
    '3fff::1',
    '5f00::1',
    'nonsense',
    '',
  ])('%s is not public, and not reached through any name', (address) => {
    const hosts = new AllowedHosts(['x.example']);
    expect(hosts.mayConnect(new URL('http://x.example/'), address)).toBe(false);
  });

  test.each([
    '8.8.8.8',
    '93.184.215.14',
    '172.15.0.1',
    '172.32.0.1',
    '100.63.0.1',
    '100.128.0.1',
    '2606:2800:21f::1',
    '::ffff:8.8.8.8',
  ])('%s is public', (address) => {
    expect(new AllowedHosts(['x.example']).mayConnect(new URL('http://x.example/'), address)).toBe(true);
  });

  test.each([
    ['2130706433'],
    ['017700000001'],
    ['0x7f000001'],
    ['0x7f.1'],
    ['0177.0.0.1'],
    ['127.1'],
    ['127.0.1'],
    ['127.0.0.1.'],
    ['１２７.0.0.1'],
    ['[::ffff:127.0.0.1]'],
    ['[::ffff:7f00:1]'],
    ['%31%32%37.0.0.1'],
  ])('127.0.0.1 written as %s is that address', async (host) => {
    const { port, requests } = await serve(secret);
    expect(await at(`http://${host}:${port}/`, { hosts: ['example.com'] })).toMatch(/is not among the hosts/);
    expect(requests).toEqual([]);
    expect(new AllowedHosts([`127.0.0.1:${port}`]).mayAsk(new URL(`http://${host}:${port}/`))).toBe(true);
  });

  test.each(['[0:0:0:0:0:0:0:1]', '[::1]', '[0::1]'])('::1 written as %s is that address', (host) => {
    expect(new AllowedHosts(['::1']).mayAsk(new URL(`http://${host}/`))).toBe(true);
    expect(new AllowedHosts(['[::1]:8080']).mayAsk(new URL(`http://${host}:8080/`))).toBe(true);
    expect(new AllowedHosts(['[::1]:8080']).mayAsk(new URL(`http://${host}/`))).toBe(false);
  });
});

describe('the allowed hosts', () => {
  test.each<[string, string, boolean]>([
    ['example.com', 'http://example.com/', true],
    ['example.com', 'https://example.com/', true],
    ['example.com', 'https://example.com:80/', true],
    ['example.com', 'http://example.com:8080/', false],
    ['example.com:8080', 'http://example.com:8080/', true],
    ['example.com:8080', 'http://example.com/', false],
    ['EXAMPLE.com.', 'http://eXample.com/', true],
    ['example.com', 'http://EXAMPLE.COM./', true],
    ['example.com', 'http://www.example.com/', false],
    ['example.com', 'http://example.com.evil.test/', false],
    ['example.com', 'http://notexample.com/', false],
    ['*.example.com', 'http://www.example.com/', true],
    ['*.example.com', 'http://a.b.example.com/', true],
    ['*.example.com', 'http://example.com/', false],
    ['*.example.com', 'http://notexample.com/', false],
    ['*.example.com', 'http://www.example.com.evil.test/', false],
    ['*.example.com:8443', 'https://www.example.com:8443/', true],
    ['*.example.com:8443', 'https://www.example.com/', false],
    ['bücher.example', 'http://xn--bcher-kva.example/', true],
    ['10.0.0.0/8', 'http://10.1.2.3/', true],
    ['10.0.0.0/8', 'http://11.1.2.3/', false],
    ['10.0.0.0/8:8080', 'http://10.1.2.3:8080/', true],
    ['[fd00::]/8', 'http://[fd12::1]/', true],
    ['fd00::/8', 'http://[fd12::1]/', true],
    ['fd00::/8', 'http://[fe12::1]/', false],
    ['127.0.0.1', 'http://127.0.0.2/', false],
    ['127.0.0.1', 'http://[::1]/', false],
  ])('%s: %s %s', (host, url, isAllowed) => {
    expect(new AllowedHosts([host]).mayAsk(new URL(url))).toBe(isAllowed);
  });

  test('an allowed name does not allow private addresses, a range does for its port', () => {
    const url = new URL('http://internal.example:8080/');
    const may = (...hosts: string[]) =>
      new AllowedHosts(['internal.example:8080', ...hosts]).mayConnect(url, '10.1.2.3');
    expect(may()).toBe(false);
    expect(may('*.example:8080')).toBe(false);
    expect(may('10.0.0.0/8')).toBe(false);
    expect(may('10.0.0.0/8:8080')).toBe(true);
    expect(may('10.1.2.3:8080')).toBe(true);
    expect(may('::ffff:10.1.2.3')).toBe(false);
    expect(may('[::ffff:10.1.2.3]:8080')).toBe(true);
  });

  test.each([
    '',
    '*',
    'http://example.com',
    'example.com/path',
    'me@example.com',
    'a b',
    'example.com:0',
    'example.com:65536',
    'example.com:x',
    'a.*.com',
    '*.10.0.0.1',
    '10.0.0.0/33',
    'example.com/8',
    '[::1',
    '::ffff:10.0.0.0/104:80',
    '#',
    'x?y',
  ])('"%s" is refused', async (host) => {
    await expect(at('http://example.com/', { hosts: [host] })).rejects.toThrow(
      expect.objectContaining({
        code: 'PROBE_HOST_INVALID',
        exitCode: 2,
        details: { field: 'probe-host', value: host },
      }),
    );
  });
});

describe('a response', () => {
  test('is compared by digest: neither body nor headers are returned, unless requested', async () => {
    const { port } = await serve(secret);
    const url = `http://127.0.0.1:${port}/`;
    const hosts = [`127.0.0.1:${port}`];
    const digest = { sha256: createHash('sha256').update('hunter2').digest('hex'), size: 7 };
    const found = await at(url, { hosts });
    expect(found).toMatchObject({
      body: digest,
      headers: { 'x-secret': digest },
      status: 200,
      body_sha256: digest.sha256,
    });
    expect(JSON.stringify(found)).not.toContain('hunter2');
    const same = { body: 'hunter2', headers: { 'X-Secret': 'hunter2' } };
    expect(await at(url, { hosts }, same)).toMatchObject(same);
    const digests = { body: digest, headers: { 'x-secret': digest } };
    expect(await at(url, { hosts }, digests)).toMatchObject(digests);
    expect(await at(url, { hosts, recordContent: true })).toMatchObject({
      body: 'hunter2',
      headers: { 'x-secret': 'hunter2' },
    });
  });

  test('is requested uncompressed, and without any value of a resource', async () => {
    const seen: object[] = [];
    const { port } = await serve((request, response) => {
      seen.push(request.headers);
      response.end();
    });
    await at(
      `http://127.0.0.1:${port}/`,
      { hosts: [`127.0.0.1:${port}`] },
      { headers: { authorization: 'Bearer x', cookie: 'a=b' } },
    );
    expect(seen).toEqual([
      {
        host: `127.0.0.1:${port}`,
        accept: '*/*',
        'accept-encoding': 'identity',
        'user-agent': 'sloth-runner',
        connection: 'close',
      },
    ]);
  });

  test('that arrives byte by byte ends with the time limit', async () => {
    const { port } = await serve((_, response) => {
      const timer = setInterval(() => response.write('x'), 10);
      response.on('close', () => clearInterval(timer));
    });
    expect(await at(`http://127.0.0.1:${port}/`, { hosts: [`127.0.0.1:${port}`], timeoutMs: 200 })).toBe(
      'no answer within 200 ms',
    );
  });

  test('with slow redirects ends with the time limit', async () => {
    const { port } = await serve((_, response) => {
      setTimeout(() => response.writeHead(302, { Location: '/' }).end(), 80);
    });
    expect(await at(`http://127.0.0.1:${port}/`, { hosts: [`127.0.0.1:${port}`], timeoutMs: 200 })).toBe(
      'no answer within 200 ms',
    );
  });

  test('whose name is never resolved ends with the time limit', async () => {
    const lookup = () => new Promise<never>(() => {});
    expect(await at('http://x.example/', { hosts: ['x.example'], lookup, timeoutMs: 200 })).toBe(
      'no answer within 200 ms',
    );
  });

  test('with too large headers is an error', async () => {
    const { port } = await serve((_, response) => {
      response.setHeader('x-long', 'x'.repeat(1 << 20));
      response.end();
    });
    expect(await at(`http://127.0.0.1:${port}/`, { hosts: [`127.0.0.1:${port}`] })).toMatch(/Header overflow/);
  });

  test('with header names of every kind returns only headers', async () => {
    const { port } = await serve(secret);
    const headers = JSON.parse('{"constructor":"x","__proto__":"x","toString":"x","a b":"x","":"x"}');
    expect(await at(`http://127.0.0.1:${port}/`, { hosts: [`127.0.0.1:${port}`] }, { headers })).toMatchObject({
      headers: {},
    });
  });
});
