import { chmodSync, chownSync, copyFileSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ConflictError, InvalidInputError, NotFoundError, StateBackend, StoreError } from '../../src/index.js';
import { FailureCount } from '../../src/server/auth/failure-count.js';
import { type ServeOptions, type TokenFields, TokenStore } from '../../src/server/index.js';
import { TestClock } from '../support/clock.js';
import { scratchFolder } from '../support/folder.js';
import { serving } from '../support/server.js';
import { block, instance, stateFile } from '../support/terraform.js';

function store(path = join(scratchFolder(), 's.db.tokens'), clock = new TestClock()) {
  const tokens = TokenStore.open(path, clock);
  onTestFinished(() => tokens.close());
  return { tokens, path, clock };
}

describe('tokens', () => {
  test('a token is found only by its full text, and only its hash is stored', () => {
    const { tokens, path } = store();
    const { token, record } = tokens.create({ name: 'ci', role: 'write', stacks: ['web*'], by: 'ann' });
    expect(record).toMatchObject({ name: 'ci', role: 'write', stacks: ['web*'], createdBy: 'ann', expiresAt: null });
    expect(tokens.find(token)).toMatchObject({ name: 'ci', role: 'write', everywhere: false, permissions: new Set() });
    expect(tokens.find(`${token}x`)).toBeUndefined();
    expect(tokens.find(token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A'))).toBeUndefined();
    expect(tokens.find('')).toBeUndefined();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const secret = token.slice(-43);
    expect(readFileSync(path).includes(secret)).toBe(false);
  });

  test('it reaches the stacks that match its patterns, or all', () => {
    const { tokens } = store();
    const some = tokens.find(tokens.create({ role: 'read', stacks: ['web-*', 'db'], by: 'ann' }).token);
    expect(['web-1', 'web-', 'db', 'web', 'db2', 'xweb-1'].map((name) => some?.mayReach(name))).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
    const all = tokens.find(tokens.create({ role: 'read', by: 'ann' }).token);
    expect(all).toMatchObject({ everywhere: true });
    expect(all?.mayReach('anything')).toBe(true);
  });

  test('it ends when it expires, and when it is revoked, also by another process', () => {
    const { tokens, path, clock } = store();
    const brief = tokens.create({ name: 'brief', role: 'read', by: 'ann', expiresAt: '2026-01-01T00:01:00.000Z' });
    const long = tokens.create({ name: 'long', role: 'read', by: 'ann' });
    clock.advance(59_999);
    expect(tokens.find(brief.token)).toBeDefined();
    clock.advance(1);
    expect(tokens.find(brief.token)).toBeUndefined();
    store(path).tokens.revoke('long', 'bob');
    expect(tokens.find(long.token)).toBeUndefined();
    expect(tokens.list().map(({ name, revokedAt }) => [name, revokedAt !== null])).toEqual([
      ['brief', false],
      ['long', true],
    ]);
    expect(() => tokens.revoke('long', 'bob')).toThrow(NotFoundError);
    expect(tokens.hasAny()).toBe(true);
  });

  test('a name belongs to one token at a time; one without a name gets one', () => {
    const { tokens } = store();
    tokens.create({ name: 'ci', role: 'read', by: 'ann' });
    expect(() => tokens.create({ name: 'ci', role: 'read', by: 'ann' })).toThrow(ConflictError);
    tokens.revoke('ci', 'ann');
    tokens.create({ name: 'ci', role: 'read', by: 'ann' });
    expect(tokens.create({ role: 'admin', by: 'ann' }).record.name).toMatch(/^admin-[0-9a-f]{16}$/);
  });

  test.each([
    [{ name: '' }],
    [{ name: ' a' }],
    [{ name: 'a\nb' }],
    [{ stacks: [''] }],
    [{ expiresAt: '2025-12-31T00:00:00.000Z' }],
    [{ permissions: ['force-unlock'] as const }],
    [{ role: 'write' as const, permissions: ['fly' as 'force-unlock'] }],
  ])('%j makes no token', (fields) => {
    const { tokens } = store();
    expect(() => tokens.create({ role: 'read', by: 'ann', ...fields })).toThrow(InvalidInputError);
    expect(tokens.list()).toEqual([]);
  });

  test('a token that could break locks before there were permissions still can, a new one has to be allowed to', () => {
    const path = join(scratchFolder(), 'tokens');
    const old = new Database(path);
    old.exec(readFileSync(new URL('../fixtures/tokens-1.sql', import.meta.url), 'utf8'));
    old.close();
    chmodSync(path, 0o600);
    const { tokens } = store(path);
    tokens.create({ name: 'new', role: 'write', by: 'ann' });
    tokens.create({ name: 'allowed', role: 'write', permissions: ['force-unlock'], by: 'ann' });
    tokens.create({ name: 'new-admin', role: 'admin', by: 'ann' });
    expect(tokens.list().map(({ name, permissions }) => [name, permissions])).toEqual([
      ['reader', []],
      ['writer', ['force-unlock']],
      ['admin', ['force-unlock']],
      ['new', []],
      ['allowed', ['force-unlock']],
      ['new-admin', ['force-unlock']],
    ]);
    const writer = 'slr_00000000000000b2_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
    expect(tokens.find(writer)).toMatchObject({ name: 'writer', permissions: new Set(['force-unlock']) });
    expect(store(path).tokens.list()).toHaveLength(6);
  });

  test.each<[string, (file: string) => void, string]>([
    ['readable by a group', (file) => chmodSync(file, 0o640), 'chmod 600'],
    ['writable by all', (file) => chmodSync(file, 0o602), 'chmod 600'],
    ['in a folder that all may write', (file) => chmodSync(dirname(file), 0o777), 'chmod go-w'],
    ['in a folder that a group may write', (file) => chmodSync(dirname(file), 0o770), 'chmod go-w'],
    ...(process.geteuid?.() === 0
      ? ([['of another user', (file) => chownSync(file, 12_345, 0), 'chown']] as [
          string,
          (file: string) => void,
          string,
        ][])
      : []),
  ])('a file %s is refused, also behind a link, and the command is named that closes it', (_, expose, command) => {
    const { path } = store();
    expect(() => TokenStore.open(path).close()).not.toThrow();
    const link = join(scratchFolder(), 'link');
    symlinkSync(path, link);
    expose(path);
    for (const file of [path, link]) {
      expect(() => TokenStore.open(file)).toThrow(
        expect.objectContaining({ code: 'FILE_EXPOSED', hint: expect.stringContaining(command) }),
      );
    }
  });

  test('a folder that all may write passes where each may remove only their own files', () => {
    const { path } = store();
    chmodSync(dirname(path), 0o1777);
    expect(() => TokenStore.open(path).close()).not.toThrow();
  });

  test('another kind of file is refused and left unchanged', async () => {
    const folder = scratchFolder();
    const db = join(folder, 's.db');
    await (await StateBackend.open(db)).close();
    const text = join(folder, 'text');
    writeFileSync(text, 'no database');
    const newer = join(folder, 'newer');
    const { path } = store();
    copyFileSync(path, newer);
    const bytes = readFileSync(newer);
    bytes.writeUInt32BE(99, 60);
    writeFileSync(newer, bytes);
    for (const file of [db, text, newer]) {
      const before = readFileSync(file);
      expect(() => TokenStore.open(file)).toThrow(StoreError);
      expect(readFileSync(file).equals(before)).toBe(true);
    }
    expect(() => TokenStore.open(join(text, 'x'))).toThrow(StoreError);
  });
});

const STATE = '/tfstate/web';
const state = (serial: number) => stateFile({ serial, resources: [block('a', [instance()])] });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const basic = (password: string) => ({
  authorization: `Basic ${Buffer.from(`terraform:${password}`).toString('base64')}`,
});

describe('a server with tokens', () => {
  async function secured() {
    const { tokens } = store();
    const made = (role: 'read' | 'write' | 'admin', ...stacks: string[]) =>
      tokens.create({ role, stacks, by: 'ann' }).token;
    const server = await serving({ tokens });
    return { ...server, tokens, made };
  }

  test('is open on a loopback address until the first token, and stays closed after the last is revoked', async () => {
    const { ask, tokens } = await secured();
    expect(await ask('POST', STATE, state(1))).toMatchObject({ status: 200 });
    const { token, record } = tokens.create({ role: 'read', by: 'ann' });
    expect(await ask('GET', STATE)).toMatchObject({ status: 401 });
    expect(await ask('GET', STATE, undefined, bearer(token))).toMatchObject({ status: 200 });
    tokens.revoke(record.name, 'ann');
    expect(await ask('GET', STATE, undefined, bearer(token))).toMatchObject({ status: 401 });
    expect(await ask('GET', STATE)).toMatchObject({ status: 401 });
  });

  test('refuses missing and wrong ones, with a hint how to send one', async () => {
    const { ask, made, backend } = await secured();
    const right = made('write');
    for (const headers of [
      {},
      bearer(`${right}x`),
      bearer('slr_0123456789abcdef_'.padEnd(64, 'A')),
      basic('wrong'),
      { authorization: right },
      { authorization: 'Basic ???' },
      { authorization: 'Basic bm9jb2xvbg==' },
      { authorization: '' },
    ]) {
      const answer = await ask('POST', STATE, state(1), headers as Record<string, string>);
      expect(answer).toMatchObject({ status: 401, json: { code: 'UNAUTHORIZED' } });
      expect(answer.headers.get('www-authenticate')).toContain('Basic');
    }
    expect((await backend.head()).position).toBe(0);
  });

  test('a wrong token is refused where none is needed, too', async () => {
    const { ask } = await serving();
    expect(await ask('GET', STATE, undefined, bearer('wrong'))).toMatchObject({ status: 401 });
  });

  test('accepts one as Bearer and as a password; its name is the actor', async () => {
    const { ask, tokens, backend } = await secured();
    const { token } = tokens.create({ name: 'ci', role: 'write', by: 'ann' });
    expect(await ask('POST', STATE, state(1), basic(token))).toMatchObject({ status: 200 });
    expect(await ask('GET', STATE, undefined, bearer(token))).toMatchObject({ status: 200 });
    expect((await backend.getActivity('web')).events[0]?.meta).toMatchObject({ actor: 'ci' });
  });

  test('one that reads cannot write, lock, unlock or delete', async () => {
    const { ask, made, backend } = await secured();
    await ask('POST', STATE, state(1), bearer(made('write')));
    const headers = bearer(made('read'));
    const { position } = await backend.head();
    expect(await ask('GET', STATE, undefined, headers)).toMatchObject({ status: 200 });
    for (const [method, path] of [
      ['POST', STATE],
      ['PUT', STATE],
      ['DELETE', STATE],
      ['LOCK', STATE],
      ['UNLOCK', STATE],
      ['POST', `${STATE}/lock`],
      ['DELETE', `${STATE}/lock`],
    ] as const) {
      expect(await ask(method, path, state(2), headers)).toMatchObject({ status: 403, json: { code: 'ROLE_TOO_LOW' } });
    }
    expect((await backend.head()).position).toBe(position);
  });

  test('one for other stacks reaches none but those, by name or by id', async () => {
    const { ask, made, backend } = await secured();
    await ask('POST', STATE, state(1), bearer(made('write')));
    const id = (await backend.findStack('web'))?.id;
    const headers = bearer(made('admin', 'db-*'));
    for (const path of [STATE, `/tfstate/${id}`, '/tfstate/nothing', '/tfstate/web%2Fdb-1']) {
      expect(await ask('GET', path, undefined, headers)).toMatchObject({ status: 403, json: { code: 'OUT_OF_REACH' } });
      expect(await ask('POST', path, state(2), headers)).toMatchObject({ status: 403 });
    }
    expect(await ask('POST', '/tfstate/db-1', state(1), headers)).toMatchObject({ status: 200 });
    expect(await ask('GET', '/metrics', undefined, headers)).toMatchObject({ status: 403 });
  });

  test('after ten wrong ones from an address the next wrong one has to wait; a valid one never does', async () => {
    const { ask, made } = await secured();
    const right = bearer(made('read'));
    for (let n = 0; n < 10; n += 1)
      expect(await ask('GET', STATE, undefined, bearer('wrong'))).toMatchObject({ status: 401 });
    const refused = await ask('GET', STATE, undefined, bearer('wrong'));
    expect(await ask('GET', STATE, undefined, right)).toMatchObject({ status: 404 });
    expect(refused).toMatchObject({ status: 429, json: { code: 'TOO_MANY_FAILURES' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await ask('GET', '/healthz')).toMatchObject({ status: 200 });
  });

  test('addresses are counted separately, behind a trusted proxy by X-Forwarded-For', async () => {
    const { tokens } = store();
    const { token } = tokens.create({ role: 'read', by: 'ann' });
    const { ask } = await serving({ tokens, trustProxy: ['127.0.0.1'] });
    const from = (address: string, sent: string) =>
      ask('GET', STATE, undefined, { ...bearer(sent), 'x-forwarded-for': address });
    for (let n = 0; n < 10; n += 1) await from('192.0.2.1', 'wrong');
    expect(await from('192.0.2.1', 'wrong')).toMatchObject({ status: 429 });
    expect(await from('192.0.2.1', token)).toMatchObject({ status: 404 });
    expect(await from('192.0.2.2', 'wrong')).toMatchObject({ status: 401 });
  });

  test('addresses of one /64 network are counted as one, and the count is bounded', () => {
    const failures = new FailureCount();
    const results = Array.from({ length: 12 }, (_, n) => failures.add(`2001:db8:0:1::${n}`));
    expect(results.map((wait) => wait === undefined)).toEqual([...Array(10).fill(true), false, false]);
    expect(results[11]).toBeLessThanOrEqual(60_000);
    for (let n = 0; n < 30_000; n += 1) failures.add(`2001:db8:${n.toString(16)}::1`);
    expect(failures.size).toBe(10_000);
  });

  test('many valid ones are not counted as failures', async () => {
    const { ask, made } = await secured();
    const right = bearer(made('read'));
    for (let n = 0; n < 30; n += 1) expect(await ask('GET', STATE, undefined, right)).toMatchObject({ status: 404 });
  });

  test('is required if others can reach the server', async () => {
    await expect(serving({ listen: '0.0.0.0:0' })).rejects.toMatchObject({ code: 'TOKENS_REQUIRED' });
    const { tokens } = store();
    await expect(serving({ listen: '0.0.0.0:0', tokens })).rejects.toMatchObject({ code: 'TOKENS_REQUIRED' });
    tokens.create({ role: 'read', by: 'ann' });
    const { ask } = await serving({ listen: '0.0.0.0:0', tokens, allowHosts: ['0.0.0.0'] });
    expect(await ask('GET', STATE)).toMatchObject({ status: 401 });
  });
});

describe('who may break a lock', () => {
  const lock = (ID: string) => ({ ID, Operation: 'OperationTypeApply', Info: '', Who: 'ann@host', Version: '1.11.4' });
  const api = '/api/v1/commands';

  async function locked(options: ServeOptions = {}) {
    const { tokens } = store();
    const { ask, backend } = await serving({ tokens, ...options });
    const as = (fields: Omit<TokenFields, 'by'>) => {
      const headers = bearer(tokens.create({ ...fields, by: 'ann' }).token);
      return (method: string, path: string, body?: unknown) => ask(method, path, body, headers);
    };
    const holder = as({ name: 'holder', role: 'write' });
    await holder('LOCK', STATE, lock('one'));
    return { as, holder, backend };
  }

  /** Everything that ends a lock which somebody else took. */
  const WAYS: readonly (readonly [string, string, unknown])[] = [
    ['UNLOCK', STATE, undefined],
    ['DELETE', `${STATE}/lock`, undefined],
    ['UNLOCK', STATE, { ID: 'one' }],
    ['UNLOCK', STATE, lock('one')],
    ['DELETE', `${STATE}?ID=one`, undefined],
    ['POST', `${api}/breakLock`, { stack: 'web', reason: 'stuck' }],
    ['POST', `${api}/releaseLock`, { stack: 'web', id: 'one' }],
    ['POST', `${api}/deleteStack`, { stack: 'web', envelope: { lockId: 'one' } }],
  ];

  test.each(WAYS)('%s %s %j: a token that is allowed to, and no other', async (method, path, body) => {
    const { as, backend } = await locked();
    const refused = await as({ role: 'write' })(method, path, body);
    expect(refused).toMatchObject({ status: 403, json: { code: 'PERMISSION_MISSING' } });
    expect(refused.json.hint).toContain('--allow force-unlock');
    expect(await backend.getLockInfo('web')).toMatchObject({ lockId: 'one' });
    const allowed = as({ role: 'write', permissions: ['force-unlock'] });
    expect(await allowed(method, path, body)).toMatchObject({ status: 200 });
    expect((await backend.findStack('web')) && (await backend.getLockInfo('web'))).toBeUndefined();
  });

  test.each(WAYS)('%s %s %j: an admin; with --no-force-unlock nobody', async (method, path, body) => {
    const lenient = await locked();
    expect(await lenient.as({ role: 'admin' })(method, path, body)).toMatchObject({ status: 200 });
    const strict = await locked({ forceUnlock: false });
    expect(await strict.as({ role: 'admin' })(method, path, body)).toMatchObject({
      status: 409,
      json: { code: 'FORCE_UNLOCK_REFUSED' },
    });
    expect(await strict.backend.getLockInfo('web')).toMatchObject({ lockId: 'one' });
  });

  test.each(WAYS.slice(3).filter(([, path]) => !path.endsWith('breakLock')))(
    '%s %s %j: its holder ends it without that',
    async (method, path, body) => {
      const { holder, backend } = await locked({ forceUnlock: false });
      expect(await holder(method, path, body)).toMatchObject({ status: 200 });
      expect((await backend.findStack('web')) && (await backend.getLockInfo('web'))).toBeUndefined();
    },
  );

  /** What changes a lock or is done under it, and leaves it there. */
  const USES: readonly (readonly [string, string, unknown])[] = [
    ['POST', `${api}/renewLock`, { stack: 'web', id: 'one', ttlMs: 1_000 }],
    ['POST', `${api}/apply`, { stack: 'web', outputs: [{ name: 'o', value: 1 }], envelope: { lockId: 'one' } }],
    ['POST', `${api}/updateStack`, { stack: 'web', description: 'x', envelope: { lockId: 'one' } }],
    ['POST', '/api/v1/stacks/web/desired-state?lock_id=one', { outputs: { o: { value: 1 } } }],
    ['POST', '/api/v1/stacks/web/desired-state?lock_id=one&dry_run=true', { outputs: { o: { value: 1 } } }],
    [
      'POST',
      '/api/v1/stacks/web/import?from=terraform&lock_id=one',
      stateFile({ serial: 1, resources: [block('a', [instance()])] }),
    ],
    ['POST', `${STATE}?ID=one`, stateFile({ serial: 1, resources: [block('a', [instance()])] })],
  ];

  test.each(USES)('%s %s %j: its holder and a token that may break locks, and no other', async (method, path, body) => {
    const { as, holder, backend } = await locked();
    const before = [await backend.head(), await backend.getLockInfo('web')];
    const refused = await as({ role: 'write' })(method, path, body);
    expect(refused).toMatchObject({ status: 403, json: { code: 'PERMISSION_MISSING' } });
    expect([await backend.head(), await backend.getLockInfo('web')]).toEqual(before);
    expect(await holder(method, path, body)).toMatchObject({ status: 200 });
    const other = await locked();
    const allowed = other.as({ role: 'write', permissions: ['force-unlock'] });
    expect(await allowed(method, path, body)).toMatchObject({ status: 200 });
    const strict = await locked({ forceUnlock: false });
    expect(await strict.as({ role: 'admin' })(method, path, body)).toMatchObject({
      status: 409,
      json: { code: 'FORCE_UNLOCK_REFUSED' },
    });
    expect(await strict.holder(method, path, body)).toMatchObject({ status: 200 });
  });

  test('a lock that the command line took belongs to no token, whatever its actor', async () => {
    const { as, backend } = await locked();
    await backend.getStackManager().createStack({ name: 'local' });
    await backend.lockState('local', { operation: 'deploy', id: 'two', actor: 'b' });
    const ask = as({ name: 'b', role: 'write' });
    for (const [method, path, body] of [
      ['POST', `${api}/releaseLock`, { stack: 'local', id: 'two' }],
      ['UNLOCK', '/tfstate/local', lock('two')],
      ['DELETE', '/tfstate/local?ID=two', undefined],
    ] as const) {
      expect(await ask(method, path, body)).toMatchObject({ status: 403, json: { code: 'PERMISSION_MISSING' } });
    }
  });

  test('another token does not take a lock again under its id; the same token does', async () => {
    const { as, holder } = await locked();
    expect(await as({ role: 'write' })('LOCK', STATE, lock('one'))).toMatchObject({ status: 423, json: lock('one') });
    expect(await holder('LOCK', STATE, lock('one'))).toMatchObject({ status: 200 });
  });

  test('a release that is sent again succeeds, also while another holds the lock', async () => {
    const { as, holder } = await locked();
    await holder('UNLOCK', STATE, lock('one'));
    await as({ role: 'write' })('LOCK', STATE, lock('two'));
    expect(await holder('UNLOCK', STATE, lock('one'))).toMatchObject({ status: 200 });
  });

  test('a stack that another has locked is not deleted', async () => {
    const { as } = await locked();
    const ask = as({ role: 'write', permissions: ['force-unlock'] });
    expect(await ask('POST', `${api}/deleteStack`, { stack: 'web' })).toMatchObject({ status: 423 });
    expect(await ask('DELETE', STATE)).toMatchObject({ status: 423 });
  });
});

test('no token, lock or state is in the log', async () => {
  const { tokens } = store();
  const { token } = tokens.create({ name: 'ci', role: 'write', by: 'ann' });
  const lines: string[] = [];
  const { ask } = await serving({ tokens, log: { level: 'debug', write: (line) => lines.push(line) } });
  const secret = stateFile({ resources: [block('a', [instance({ attributes: { password: 'hunter2hunter2' } })])] });
  await ask('LOCK', STATE, { ID: 'lock-id-1', Who: 'ann' }, bearer(token));
  await ask('POST', `${STATE}?ID=lock-id-1`, secret, basic(token));
  await ask('POST', STATE, '{', bearer(`${token}x`));
  const text = lines.join('');
  const answers = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'answered');
  expect(answers.map(({ method, path, status, actor }) => [method, path, status, actor])).toEqual([
    ['LOCK', STATE, 200, 'ci'],
    ['POST', STATE, 200, 'ci'],
    ['POST', STATE, 401, null],
  ]);
  for (const hidden of [token, 'lock-id-1', 'hunter2hunter2', Buffer.from(`terraform:${token}`).toString('base64')]) {
    expect(text).not.toContain(hidden);
  }
});

test('metrics count requests', async () => {
  const { ask } = await serving();
  await ask('POST', STATE, state(1));
  const { text, status } = await ask('GET', '/metrics');
  expect(status).toBe(200);
  expect(text).toMatch(
    /sloth_http_request_duration_seconds_count\{method="POST",route="\/tfstate\/:stack",status="200"\} 1/,
  );
  expect(text).toMatch(/sloth_log_position 2/);
  expect(await ask('GET', '/readyz')).toMatchObject({ status: 200, json: { status: 'ok' } });
});
