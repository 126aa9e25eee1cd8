// What the benchmark server-hostile does while 50 clients work. A case is a row: a name, and either a request that is sent over
// and over, or connections that are kept open.

const MEBIBYTE = 1_048_576;
const repeat = (text, size) => text.repeat(Math.ceil(size / text.length));
const lines = (line, size) => {
  const all = [];
  for (let total = 0; total < size; total += all.at(-1).length) all.push(line(all.length));
  return all.join('');
};
const command = (name, body, type = 'createStack') => ({
  name,
  method: 'POST',
  path: `/api/v1/commands/${type}`,
  body,
});
const yaml = (name, body) => ({
  name: `YAML: ${name}`,
  method: 'POST',
  path: '/api/v1/stacks/hostile/desired-state',
  headers: { 'content-type': 'application/yaml' },
  body,
});
const read = (name, path, more = {}) => ({
  name: `reads: ${name}`,
  method: 'GET',
  path,
  body: () => '',
  token: 'read',
  ...more,
});
const state = (name, body) => ({ name: `state: ${name}`, method: 'POST', path: '/tfstate/hostile', body });

const big = 15 * MEBIBYTE;
const small = MEBIBYTE - 100;

const head = (line, headers = '') => `${line} HTTP/1.1\r\nHost: localhost\r\n${headers}`;

/** A Terraform state of so many MB in resources of 10 kB; one resource differs each time. */
function legitimate(megabytes) {
  const instance = (n, text) => ({ schema_version: 0, attributes: { id: `i-${n}`, text, tags: { env: 'prod', n } } });
  const resource = (n, text) => ({
    mode: 'managed',
    type: 'server',
    name: `web-${n}`,
    provider: 'provider["registry.terraform.io/hashicorp/aws"]',
    instances: [instance(n, text)],
  });
  const rest = Array.from({ length: megabytes * 100 }, (_, n) => resource(n + 1, 'x'.repeat(10_000)));
  return {
    ...state(`legitimate: a state of ${megabytes} MB, one resource changed`, () => {
      const serial = Date.now(); // each is later than the one before, of whichever sender
      const resources = [resource(0, String(serial)), ...rest];
      return JSON.stringify({ version: 4, serial, lineage: 'bench', outputs: {}, resources });
    }),
    path: `/tfstate/legitimate-${megabytes}`,
    changes: true,
  };
}

/** A desired state of so many bytes, of short lines as people write them. */
const resourcesInYaml = (size) => lines((n) => `- {type: server, name: web-${n}, properties: {size: ${n}}}\n`, size);

/**
 * `body` makes a text of ASCII characters. `token` names the token that is sent: admin by default. `changes`
 * says that each body is made for itself; such a request is sent by one connection. `connections` is how many send it, 2 by
 * default. `leaveMs` says after how long the client leaves without an answer, milliseconds. `yaml` is a document that
 * another token sends meanwhile; how long that takes is measured, too.
 * `open` is how many connections are kept open, from an address of their own: each sends what `first`
 * makes, then `eachSecond`, and is opened again when the server closes it.
 */
export const CASES = [
  { name: 'nothing' },
  yaml('keys of one map', () => lines((n) => `k${n}: 1\n`, small)),
  yaml('anchors and aliases', () => lines((n) => `- &a${n} x\n- *a${n}\n`, small)),
  yaml('a bomb of aliases', () => lines((n) => `a${n}: &a${n} [${Array(9).fill(n ? `*a${n - 1}` : 'lol')}]\n`, 4_000)),
  yaml('closing brackets', () => repeat('}\n', small)),
  yaml('lists in lists', () => repeat('[', small)),
  yaml('values', () => repeat('- 1\n', small)),
  command('JSON: 15 MiB of blanks', () => `{${repeat(' ', big)}}`),
  command('JSON: 15 MiB of [', () => repeat('[', big)),
  command('JSON: 15 MiB of values', () => `{"x":[${repeat('[],', big)}1]}`),
  command('JSON: 15 MiB of numbers kept as text', () => `{"x":[${repeat('1.0,', big)}1]}`),
  command('JSON: 15 MiB, not a command', () => `{"x":"${repeat('x', big)}"}`),
  command(
    'JSON: 4 MiB, a command for no stack',
    () =>
      `{"stack":"none","resources":[{"type":"t","name":"n","properties":{"x":[${repeat('1.0,', 4 * MEBIBYTE)}1]}}]}`,
    'apply',
  ),
  state('52 MB of [', () => repeat('[', 52_000_000)),
  state('52 MB of blanks', () => `{"version":4,${repeat(' ', 52_000_000)}}`),
  state('52 MB of values', () => `{"version":3,"x":[${repeat('{},', 52_000_000)}1]}`),
  {
    ...yaml('six of 1 MB, while another token sends 22 KB', () => `resources:\n${resourcesInYaml(small - 20)}`),
    connections: 6,
    yaml: `resources:\n${resourcesInYaml(22_000)}`,
  },
  read('a stack of 50,000 resources, 4 at a time', '/api/v1/stacks/big', { connections: 4 }),
  read('its export', '/api/v1/stacks/big/export?to=terraform'),
  read('its graph', '/api/v1/stacks/big/graph'),
  read('its state for Terraform', '/tfstate/big'),
  read('its events', '/api/v1/stacks/big/activity?limit=1000'),
  read('all stacks as they were', '/api/v1/stacks?at_position=1000'),
  read('events of nobody, by 10 clients that leave after 0.3 s', '/api/v1/events?actor=nobody', {
    connections: 10,
    leaveMs: 300,
  }),
  read('a stack of 50,000 resources, by 10 clients that leave after 0.3 s', '/api/v1/stacks/big', {
    connections: 10,
    leaveMs: 300,
  }),
  {
    ...command(
      'reads: a dry run that rolls back 50,000 resources',
      () => '{"stack":"big","toVersion":2}',
      'rollback?dry_run=true',
    ),
    token: 'other',
  },
  {
    ...command('reads: a dry run that removes them', () => '{"stack":"big","prune":true}', 'apply?dry_run=true'),
    token: 'other',
  },
  { ...state('52 MB by a token that only reads', () => repeat(' ', 52_000_000)), token: 'read' },
  { name: 'tokens: wrong ones', method: 'GET', path: '/api/v1/stacks', body: () => '', token: 'wrong' },
  { name: 'sockets: 300 that send nothing', open: 300 },
  {
    name: 'sockets: 300, a header a second',
    open: 300,
    first: () => head('GET /api/v1/head'),
    eachSecond: 'x-a: b\r\n',
  },
  {
    name: 'sockets: 300, a byte of a body a second',
    open: 300,
    first: (token) =>
      head('POST /tfstate/hostile', `authorization: Bearer ${token}\r\ncontent-length: 1000000\r\n\r\n`),
    eachSecond: ' ',
  },
  {
    name: 'streams: 400 of a token that only reads',
    open: 400,
    token: 'read',
    first: (token) => head('GET /api/v1/events/live', `authorization: Bearer ${token}\r\n\r\n`),
  },
  legitimate(6),
  legitimate(20),
  legitimate(50),
];
