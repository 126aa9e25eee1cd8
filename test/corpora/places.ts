import { textFields } from '../../src/commands/identifiers.js';
import { COMMANDS, type CommandType } from '../../src/commands/index.js';
import type { StateBackend } from '../../src/index.js';
import { ROUTES } from '../../src/server/api/index.js';
import { requestBytes } from './wire.js';

type Fields = Readonly<Record<string, unknown>>;

/** Each command as a valid body; a new command does not compile without one. */
export const BODIES: Readonly<Record<CommandType, Fields>> = {
  createStack: { name: 'new' },
  updateStack: { stack: 'renamed' },
  deleteStack: { stack: 'nowhere' },
  restoreStack: { stack: 'nowhere' },
  apply: {
    stack: 'web',
    document: { origin: { format: 'x', lineage: 'x', serial: 1, header: {} } },
    resources: [{ type: 'x', name: 'y' }],
    outputs: [{ name: 'o', value: 1 }],
  },
  setResource: { stack: 'web', resource: 'x.y', properties: { a: 1 } },
  addDependency: { stack: 'web', resource: 'a.b', dependsOn: 'c.d' },
  removeDependency: { stack: 'web', resource: 'a.b', dependsOn: 'c.d' },
  takeSnapshot: { stack: 'web' },
  rollback: { stack: 'web', toVersion: 1 },
  startExecution: { stack: 'web' },
  completeExecution: { stack: 'web', executionId: 'x' },
  failExecution: { stack: 'web', executionId: 'x', error: 'x' },
  detectDrift: { stack: 'web', findings: [{ resource: 'a.b', expected: {}, actual: {} }] },
  resolveDrift: { stack: 'web', resource: 'a.b' },
  ignoreDrift: { stack: 'web', resource: 'a.b' },
  acceptDrift: { stack: 'web', resource: 'a.b' },
  addDriftRule: { stack: 'web', path: 'x', reason: 'x' },
  removeDriftRule: { stack: 'web', rule: 1 },
  acquireLock: { stack: 'locked', operation: 'x' },
  renewLock: { stack: 'locked', id: 'x', ttlMs: 60_000 },
  releaseLock: { stack: 'locked', id: 'x' },
  breakLock: { stack: 'locked', reason: 'x' },
  addTags: { stack: 'web', tags: ['t'] },
  removeTags: { stack: 'web', tags: ['t'] },
  recordActivity: { stack: 'web', action: 'x' },
};

/** Somewhere a string goes into a request. */
export interface Place {
  readonly name: string;
  request(text: string): Buffer;
}

function withField(value: unknown, [step, ...rest]: readonly string[], text: unknown): unknown {
  if (step === undefined) return text;
  if (step === '*') return [withField(Array.isArray(value) ? value[0] : undefined, rest, text)];
  const fields = (value ?? {}) as Fields;
  return { ...fields, [step]: withField(fields[step], rest, text) };
}

/** What of a command is no text of its schema, but holds texts. */
const WITHIN: Readonly<Partial<Record<CommandType, readonly (readonly string[])[]>>> = {
  createStack: [
    ['configuration', 'key'],
    ['metadata', 'key'],
  ],
  apply: [
    ['resources', '*', 'properties', 'key'],
    ['resources', '*', 'metadata', 'key'],
    ['outputs', '*', 'value'],
  ],
  detectDrift: [['findings', '*', 'actual', 'key']],
  recordActivity: [['details', 'key']],
};
const ENVELOPE = ['reason', 'lockId', 'correlationId', 'causationId'].map((key) => ['envelope', key]);

const post = (path: string, body: unknown): Buffer =>
  requestBytes('POST', `/api/v1${path}`, { body: JSON.stringify(body) });

const ofBodies: readonly Place[] = (Object.keys(COMMANDS) as CommandType[]).flatMap((type) => {
  const paths = textFields(COMMANDS[type].schema).map(({ path }) => path);
  const fields = [...paths, ...(WITHIN[type] ?? []), ...ENVELOPE].map((path) => ({
    name: `${type} ${path.join('.')}`,
    request: (text: string) => post(`/commands/${type}`, withField(BODIES[type], path, text)),
  }));
  const keys = (WITHIN[type] ?? []).map((path) => ({
    name: `${type} key of ${path.slice(0, -1).join('.')}`,
    request: (text: string) => post(`/commands/${type}`, withField(BODIES[type], [...path.slice(0, -1), text], 1)),
  }));
  const ofType = { name: `${type} unknown field`, request: (text: string) => post(`/commands/${type}`, { [text]: 1 }) };
  return [...fields, ...keys, ofType];
});

const TARGETS: Readonly<Record<string, string>> = { stack: 'web', resource: 'a.b' };
/** Without these a route refuses everything else. */
const NEEDED: Readonly<Record<string, string>> = { from: 'from=1', to: 'to=1' };

/** Half of a surrogate pair cannot be sent: it becomes U+FFFD. */
const encoded = (text: string): string => encodeURIComponent(Buffer.from(text).toString());

/** `{stack}` and so on filled in. */
const filled = (path: string, given: Readonly<Record<string, string>> = {}): string =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => given[name] ?? TARGETS[name] ?? 'x');

const ofQueries: readonly Place[] = ROUTES.flatMap(({ method, path, query }) =>
  Object.keys(query.shape).flatMap((key) =>
    [encoded, (text: string) => text].map((write, isRaw) => {
      const others = Object.keys(query.shape).flatMap((name) => (name !== key && NEEDED[name]) || []);
      const target = (text: string) => `/api/v1${filled(path)}?${[...others, `${key}=${write(text)}`].join('&')}`;
      return {
        name: `${method} ${path} ?${key}${isRaw ? ' raw' : ''}`,
        request: (text: string) => requestBytes(method, target(text)),
      };
    }),
  ),
);

const ofPaths: readonly Place[] = ROUTES.flatMap(({ method, path }) =>
  [...path.matchAll(/\{(\w+)\}/g)].flatMap(([, key = '']) =>
    [encoded, (text: string) => text].map((write, isRaw) => ({
      name: `${method} ${path} {${key}}${isRaw ? ' raw' : ''}`,
      request: (text: string) => requestBytes(method, `/api/v1${filled(path, { [key]: write(text) })}`, { body: '' }),
    })),
  ),
);

const HEADERS = [
  'Authorization',
  'Content-Type',
  'Content-MD5',
  'Content-Encoding',
  'Host',
  'Origin',
  'Accept',
  'Cookie',
];
const ofHeaders: readonly Place[] = [
  ...[...HEADERS, 'Idempotency-Key', 'If-Match', 'X-Forwarded-For', 'Expect', 'Upgrade', 'Range'].map((name) => ({
    name: `header ${name}`,
    request: (text: string) =>
      requestBytes('POST', '/api/v1/commands/recordActivity', {
        headers: { [name]: text },
        body: JSON.stringify(BODIES.recordActivity),
      }),
  })),
  ...['', 'Bearer ', 'Basic '].map((scheme) => ({
    name: `header Authorization: ${scheme}`,
    request: (text: string) =>
      requestBytes('GET', '/api/v1/stacks', { headers: { Authorization: `${scheme}${text}` } }),
  })),
  {
    name: 'header Last-Event-ID',
    request: (text) => requestBytes('GET', '/api/v1/events/live', { headers: { 'Last-Event-ID': text } }),
  },
  { name: 'method', request: (text) => requestBytes(text, '/api/v1/stacks') },
  { name: 'path', request: (text) => requestBytes('GET', `/${encoded(text)}`) },
  { name: 'path raw', request: (text) => requestBytes('GET', `/${text}`) },
];

const STATE = (text: string) =>
  JSON.stringify({ version: 4, terraform_version: '1.9.0', serial: 1, lineage: text, outputs: {}, resources: [] });
const LOCK = { ID: 'i', Operation: 'o', Info: '', Who: 'w', Version: 'v', Created: '2026-01-01T00:00:00Z', Path: '' };

const ofTerraform: readonly Place[] = [
  ...['GET', 'POST', 'DELETE', 'LOCK', 'UNLOCK'].flatMap((method) =>
    [encoded, (text: string) => text].flatMap((write, isRaw) => [
      {
        name: `${method} /tfstate/{stack}${isRaw ? ' raw' : ''}`,
        request: (text: string) =>
          requestBytes(method, `/tfstate/${write(text)}`, {
            body: method === 'POST' ? STATE('x') : method.endsWith('LOCK') ? JSON.stringify(LOCK) : '',
          }),
      },
      {
        name: `${method} /tfstate ?ID${isRaw ? ' raw' : ''}`,
        request: (text: string) => requestBytes(method, `/tfstate/tf?ID=${write(text)}`, { body: STATE('x') }),
      },
    ]),
  ),
  ...['LOCK', 'UNLOCK'].flatMap((method) =>
    Object.keys(LOCK).map((key) => ({
      name: `${method} ${key}`,
      request: (text: string) =>
        requestBytes(method, '/tfstate/tf-lock', { body: JSON.stringify({ ...LOCK, [key]: text }) }),
    })),
  ),
  { name: 'lineage', request: (text) => requestBytes('POST', '/tfstate/tf-lineage', { body: STATE(text) }) },
];

/** Everywhere a string can go in a request to the server: bodies, queries, paths and headers of every route. */
export const PLACES: readonly Place[] = [...ofBodies, ...ofQueries, ...ofPaths, ...ofHeaders, ...ofTerraform];

/** What the places name is there, free and as it was. */
export async function restoreStacks(backend: StateBackend): Promise<void> {
  const stacks = await backend.getStackManager().listStacks();
  const there = new Map(stacks.map(({ name, id }) => [name, id]));
  for (const name of ['web', 'locked', 'renamed', 'tf', 'tf-lock']) {
    if (there.has(name)) {
      if (await backend.getLockInfo(name)) await backend.execute({ type: 'breakLock', stack: name, reason: 'next' });
    } else await backend.execute({ type: 'createStack', name });
    if (name === 'web' && (!there.has(name) || (await backend.getStackManager().listResources(name)).length === 0))
      await backend.execute({ type: 'apply', stack: name, resources: RESOURCES });
  }
}

const RESOURCES = [
  { type: 'a', name: 'b' },
  { type: 'c', name: 'd' },
];
