import { describe, expect, onTestFinished, test } from 'vitest';
import { TerraformStates } from '../../src/api/terraform/states.js';
import type { Caller } from '../../src/commands/index.js';
import { engineOn, openEngine } from '../../src/engine.js';
import { InvalidInputError, LockedError, StateBackend } from '../../src/index.js';
import { type JsonObject, parseJson, stringifyJson } from '../../src/lib/json.js';
import type { EventStore } from '../../src/store/event-store.js';
import { TestClock } from '../support/clock.js';
import { interleaved } from '../support/interleaved.js';
import { reads } from '../support/reads.js';
import { block, instance, stateFile } from '../support/terraform.js';

const ALICE = { actor: 'alice' };
const bytes = (document: JsonObject | string): Uint8Array =>
  new TextEncoder().encode(typeof document === 'string' ? document : `${stringifyJson(document, 2)}\n`);

/** A state of so many resources; `changed` differs from the others. */
const numbered = (serial: number, count: number, changed: JsonObject = {}): JsonObject =>
  stateFile({
    serial,
    resources: Array.from({ length: count }, (_, index) =>
      block(`r${String(index).padStart(4, '0')}`, [instance(index === 1 ? changed : {})]),
    ),
  });

/** A store that counts how often all resources of a stack are read. */
function counting(store: EventStore): { readonly store: EventStore; readonly wholeReads: () => number } {
  let wholeReads = 0;
  const counted: EventStore = {
    ...store,
    read: (query) =>
      store.read((s) =>
        query({
          ...s,
          resources: (...args) => {
            wholeReads += 1;
            return s.resources(...args);
          },
        }),
      ),
  };
  return { store: counted, wholeReads: () => wholeReads };
}

function setUp(options?: ConstructorParameters<typeof TerraformStates>[2]) {
  const clock = new TestClock();
  const { store, wholeReads } = counting(openEngine(':memory:', clock).store);
  onTestFinished(() => store.close());
  const engine = engineOn(store);
  const states = new TerraformStates(engine, clock, options);
  const typesSince = async (position: number) =>
    (await store.events({ after: position, limit: 100 })).map(({ type }) => type);
  const got = async () => {
    const state = await states.get('s');
    return state && (parseJson(state.text) as JsonObject);
  };
  const serial = async () => (await got())?.serial;
  return { engine, store, states, clock, wholeReads, typesSince, got, serial };
}

describe('a state is stored whole, and what changed is what is recorded', () => {
  test('the first one makes the stack', async () => {
    const { states, got } = setUp();
    expect(await states.get('s')).toBeUndefined();
    expect(await states.put('s', bytes(numbered(1, 3)), ALICE)).toMatchObject({ version: 1, events: 4 });
    expect(await got()).toEqual(numbered(1, 3));
  });

  test('the next one costs the resource that changed, and reads no others', async () => {
    const { states, store, typesSince, wholeReads, got } = setUp();
    await states.put('s', bytes(numbered(1, 50)), ALICE);
    const { position } = await store.head();
    await states.put('s', bytes(numbered(2, 50, { status: 'tainted' })), ALICE);
    expect(await typesSince(position)).toEqual(['StackUpdated', 'ResourceUpdated']);
    expect(await got()).toEqual(numbered(2, 50, { status: 'tainted' }));
    expect(wholeReads()).toBe(0);
  });

  test('one that is not known is read once', async () => {
    const { engine, states, clock, wholeReads } = setUp();
    await states.put('s', bytes(numbered(1, 5)), ALICE);
    const others = new TerraformStates(engine, clock);
    await others.get('s');
    await others.put('s', bytes(numbered(2, 5, { status: 'tainted' })), ALICE);
    await others.get('s');
    expect(wholeReads()).toBe(1);
  });

  test('documents over the limit of the memory are not kept', async () => {
    const { states, got, wholeReads } = setUp({ cacheChars: 100 });
    await states.put('s', bytes(numbered(1, 5)), ALICE);
    expect(await got()).toEqual(numbered(1, 5));
    expect(wholeReads()).toBe(1);
  });

  test('the same bytes again do nothing', async () => {
    const { states, store } = setUp();
    const first = await states.put('s', bytes(numbered(1, 2)), ALICE);
    expect(await states.put('s', bytes(numbered(1, 2)), ALICE)).toEqual(first);
    expect((await store.head()).position).toBe(first.lastPosition);
  });

  test('an older state sent again at once is refused, not acknowledged', async () => {
    const { states, serial } = setUp();
    await states.put('s', bytes(numbered(1, 2)), ALICE);
    await states.put('s', bytes(numbered(2, 3)), ALICE);
    await expect(states.put('s', bytes(numbered(1, 2)), ALICE)).rejects.toMatchObject({ code: 'SERIAL_TOO_LOW' });
    expect(await serial()).toBe(2);
  });

  test('where lower serials may be stored, an older state sent again is stored', async () => {
    const { states, got } = setUp();
    await states.put('s', bytes(numbered(1, 2)), ALICE);
    await states.put('s', bytes(numbered(2, 3)), ALICE);
    await states.put('s', bytes(numbered(1, 2)), { ...ALICE, force: true });
    expect(await got()).toEqual(numbered(1, 2));
  });

  test('a former holder of the lock is refused while somebody else holds it, unless its state is the current one', async () => {
    const { states, got } = setUp();
    await states.locks.lock('s', bytes(info('one')), ALICE);
    const first = await states.put('s', bytes(numbered(1, 2)), { ...ALICE, lockId: 'one' });
    await states.locks.unlock('s', bytes(info('one')), FORCE);
    await states.locks.lock('s', bytes(info('two')), { actor: 'bob' });
    expect(await states.put('s', bytes(numbered(1, 2)), { ...ALICE, lockId: 'one' })).toEqual(first);
    await states.put('s', bytes(numbered(2, 3)), { actor: 'bob', lockId: 'two' });
    await expect(states.put('s', bytes(numbered(3, 2)), { ...ALICE, lockId: 'one' })).rejects.toMatchObject({
      code: 'STACK_LOCKED',
    });
    await expect(states.put('s', bytes(numbered(1, 2)), { ...ALICE, lockId: 'one' })).rejects.toMatchObject({
      code: 'SERIAL_TOO_LOW',
    });
    expect(await got()).toEqual(numbered(2, 3));
  });

  test('of two that follow the same one, one is refused', async () => {
    const { states, got } = setUp();
    await states.put('s', bytes(numbered(1, 2)), ALICE);
    const both = [bytes(numbered(2, 3)), bytes(numbered(2, 4))].map((body) => states.put('s', body, ALICE));
    const results = await Promise.allSettled(both);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(results.find((result) => result.status === 'rejected')).toMatchObject({
      reason: { code: 'SERIAL_NOT_ADVANCED' },
    });
    expect([numbered(2, 3), numbered(2, 4)]).toContainEqual(await got());
  });

  test('of two first ones too', async () => {
    const { states } = setUp();
    const both = [bytes(numbered(1, 3)), bytes(numbered(1, 4))].map((body) => states.put('s', body, ALICE));
    const results = await Promise.allSettled(both);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test.each<[string, JsonObject, string]>([
    ['a lower serial', numbered(4, 2), 'SERIAL_TOO_LOW'],
    ['the same serial with other content', numbered(5, 3), 'SERIAL_NOT_ADVANCED'],
    ['another lineage', { ...numbered(6, 2), lineage: 'other' }, 'LINEAGE_MISMATCH'],
  ])('%s is refused, unless it may be', async (_, document, code) => {
    const { states, got } = setUp();
    await states.put('s', bytes(numbered(5, 2)), ALICE);
    await expect(states.put('s', bytes(document), ALICE)).rejects.toMatchObject({ code });
    expect(await got()).toEqual(numbered(5, 2));
    await states.put('s', bytes(document), { ...ALICE, force: true });
    expect(await got()).toMatchObject({ lineage: document.lineage, resources: document.resources });
  });

  test('a state of earlier is stored anew where a lower serial may be', async () => {
    const { states, got } = setUp();
    await states.put('s', bytes(numbered(1, 2)), ALICE);
    await states.put('s', bytes(numbered(2, 3)), ALICE);
    await states.put('s', bytes(numbered(1, 2)), { ...ALICE, force: true });
    expect(await got()).toEqual(numbered(1, 2));
  });

  test.each<[string, string]>([
    ['no JSON', '{'],
    ['no state', '{"version":4}'],
    ['nothing', ''],
    ['no UTF-8', '\ud800'],
  ])('%s changes nothing', async (_, body) => {
    const { states, store } = setUp();
    await states.put('s', bytes(numbered(1, 2)), ALICE);
    const { position } = await store.head();
    const broken = body === '\ud800' ? new Uint8Array([0xff, 0xfe]) : bytes(body);
    await expect(states.put('s', broken, ALICE)).rejects.toThrow(InvalidInputError);
    expect((await store.head()).position).toBe(position);
  });

  test('a state that OpenTofu encrypted is kept whole', async () => {
    const { states, got, store } = setUp();
    const encrypted = { serial: 3, lineage: 'x', meta: { k: 'v' }, encrypted_data: 'AAAA', encryption_version: 'v0' };
    await states.put('s', bytes(encrypted), ALICE);
    await states.put('s', bytes({ ...encrypted, serial: 4, encrypted_data: 'BBBB' }), ALICE);
    expect(await got()).toEqual({ ...encrypted, serial: 4, encrypted_data: 'BBBB' });
    expect(await reads(store).resources((await reads(store).stack('s'))?.stream ?? 0)).toEqual([]);
  });
});

describe('what happens here is what Terraform reads', () => {
  test('after a rollback the old content, under a higher serial', async () => {
    const { engine, states, got } = setUp();
    await states.put('s', bytes(numbered(1, 3)), ALICE);
    await states.put('s', bytes(numbered(2, 5)), ALICE);
    await engine.execute({ type: 'rollback', stack: 's', toVersion: 1 }, ALICE);
    expect(await got()).toEqual({ ...numbered(3, 3) });
    await expect(states.put('s', bytes(numbered(3, 4)), ALICE)).rejects.toMatchObject({ code: 'SERIAL_NOT_ADVANCED' });
    await states.put('s', bytes(numbered(4, 4)), ALICE);
    expect(await got()).toEqual(numbered(4, 4));
  });

  test('a resource that was set here', async () => {
    const { engine, states, got } = setUp();
    await states.put('s', bytes(numbered(1, 1)), ALICE);
    const resources = [{ type: 'terraform_data', name: 'z', properties: { id: 'here' } }];
    await engine.execute({ type: 'apply', stack: 's', resources }, ALICE);
    expect(await got()).toMatchObject({ serial: 2, resources: [{ name: 'r0000' }, { name: 'z' }] });
  });

  test('a stack that was never Terraform’s, and it may go on from there', async () => {
    const { engine, states, got, serial } = setUp();
    await engine.execute({ type: 'createStack', name: 's', id: 'made-here' }, ALICE);
    expect(await states.get('s')).toBeUndefined();
    await engine.execute({ type: 'apply', stack: 's', resources: [{ type: 'terraform_data', name: 'a' }] }, ALICE);
    const document = (await got()) as JsonObject;
    expect(document).toMatchObject({ serial: 2, lineage: 'made-here' });
    await states.put('s', bytes({ ...document, serial: 3, outputs: { o: { value: 1, type: 'number' } } }), ALICE);
    expect(await serial()).toBe(3);
    expect((await got())?.resources).toEqual(document.resources);
  });

  test('a stack that was deleted is none; the next state makes another', async () => {
    const { states, got, store } = setUp();
    await states.put('s', bytes(numbered(1, 1)), ALICE);
    const first = await reads(store).stack('s');
    await states.delete('s', ALICE);
    await states.delete('s', ALICE);
    expect(await states.get('s')).toBeUndefined();
    await states.put('s', bytes(numbered(1, 1)), ALICE);
    expect(await got()).toEqual(numbered(1, 1));
    expect((await reads(store).stack('s'))?.id).not.toBe(first?.id);
    await expect(states.delete('nowhere', ALICE)).rejects.toMatchObject({ code: 'STACK_NOT_FOUND' });
  });
});

const info = (ID: string, fields: JsonObject = {}): JsonObject => ({
  ID,
  Operation: 'OperationTypeApply',
  Info: '',
  Who: `${ID}@host`,
  Version: '1.11.4',
  Created: '2026-01-02T03:04:05.123456789Z',
  Path: '',
  ...fields,
});
const from = '192.0.2.1';
const FORCE = { ...ALICE, from };
const EMPTY = new Uint8Array();

describe('locks', () => {
  test('a lock makes the stack, and nothing of a state', async () => {
    const { states } = setUp();
    expect(await states.locks.lock('s', bytes(info('one')), ALICE)).toEqual(info('one'));
    expect(await states.get('s')).toBeUndefined();
    expect(await states.locks.holder('s')).toEqual(info('one'));
  });

  test('under its own id it is the same lock; under another one it is refused', async () => {
    const { states, store } = setUp();
    await states.locks.lock('s', bytes(info('one')), ALICE);
    const { position } = await store.head();
    await states.locks.lock('s', bytes(info('one')), ALICE);
    await expect(states.locks.lock('s', bytes(info('two')), { actor: 'bob' })).rejects.toMatchObject({
      code: 'STACK_LOCKED',
    });
    expect((await store.head()).position).toBe(position);
  });

  test('it is the lock of the command line, and that one is Terraform’s', async () => {
    const { engine, states } = setUp();
    await states.put('s', bytes(numbered(1, 1)), ALICE);
    await engine.execute(
      { type: 'acquireLock', stack: 's', id: 'cli', operation: 'deploy', who: 'bob', info: 'why' },
      ALICE,
    );
    await expect(states.locks.lock('s', bytes(info('one')), ALICE)).rejects.toThrow(LockedError);
    expect(await states.locks.holder('s')).toMatchObject({
      ID: 'cli',
      Operation: 'deploy',
      Who: 'bob',
      Info: 'why',
      Version: '',
      Path: 's',
    });
    await states.put('s', bytes(numbered(2, 2)), { ...ALICE, lockId: 'cli' });
    await expect(states.put('s', bytes(numbered(3, 3)), ALICE)).rejects.toMatchObject({ code: 'STACK_LOCKED' });
    await expect(states.put('s', bytes(numbered(3, 3)), { ...ALICE, lockId: 'x' })).rejects.toMatchObject({
      code: 'STACK_LOCKED',
    });
  });

  test('released once and told twice', async () => {
    const { states } = setUp();
    await states.locks.lock('s', bytes(info('one')), ALICE);
    await states.locks.unlock('s', bytes(info('one')), FORCE);
    await states.locks.unlock('s', bytes(info('one')), FORCE);
    await states.locks.lock('s', bytes(info('two')), { actor: 'bob' });
    await states.locks.unlock('s', bytes(info('one')), FORCE);
    expect(await states.locks.holder('s')).toEqual(info('two'));
    await expect(states.locks.unlock('s', bytes(info('three')), FORCE)).rejects.toMatchObject({ code: 'STACK_LOCKED' });
  });

  test('a lock that was broken was not released by its holder', async () => {
    const { states } = setUp();
    await states.locks.lock('s', bytes(info('one')), ALICE);
    await states.locks.unlock('s', EMPTY, FORCE);
    await expect(states.locks.unlock('s', bytes(info('one')), FORCE)).rejects.toMatchObject({ code: 'LOCK_NOT_HELD' });
  });

  test.each<[string, Uint8Array]>([
    ['no body', EMPTY],
    ['nothing but the id', bytes(info('one', { Operation: '', Who: '', Version: '' }))],
  ])('force-unlock with %s breaks the lock, says who and from where, and may be sent again', async (_, body) => {
    const { states, store } = setUp();
    await states.locks.lock('s', bytes(info('one')), ALICE);
    await states.locks.unlock('s', body, { ...FORCE, actor: 'bob' });
    const [event] = await store.events({ descending: true, limit: 1 });
    expect(event).toMatchObject({ type: 'LockBroken' });
    expect(parseJson(event?.data ?? '')).toMatchObject({
      holder: 'one@host',
      reason: 'force-unlock by bob from 192.0.2.1',
    });
    await states.locks.unlock('s', body, { ...FORCE, actor: 'bob' });
    expect(await states.locks.holder('s')).toBeUndefined();
  });

  test('force-unlock is refused where it is not allowed, of another lock, and of none', async () => {
    const { states } = setUp();
    const caller = { principal: 'token:bob', mayReach: () => true, mayChooseStackIds: false };
    const refused = (mayBreakLocks: Caller['mayBreakLocks']) =>
      states.locks.unlock('s', EMPTY, { ...FORCE, caller: { ...caller, mayBreakLocks } });
    await states.put('s', bytes(numbered(1, 1)), ALICE);
    await expect(states.locks.unlock('s', EMPTY, FORCE)).rejects.toMatchObject({ code: 'NOT_LOCKED' });
    await states.locks.lock('s', bytes(info('one')), ALICE);
    await expect(refused('never')).rejects.toMatchObject({ code: 'FORCE_UNLOCK_REFUSED' });
    await expect(refused('no')).rejects.toMatchObject({ code: 'PERMISSION_MISSING' });
    const other = bytes(info('two', { Operation: '', Who: '' }));
    await expect(states.locks.unlock('s', other, FORCE)).rejects.toMatchObject({ code: 'STACK_LOCKED' });
    expect(await states.locks.holder('s')).toEqual(info('one'));
  });

  test('a lock that ran out protects nothing and opens nothing', async () => {
    const { states, clock } = setUp({ lockMs: 60_000 });
    await states.put('s', bytes(numbered(1, 1)), ALICE);
    await states.locks.lock('s', bytes(info('one')), ALICE);
    clock.advance(61_000);
    const stolen = { ...ALICE, lockId: 'one' };
    await expect(states.put('s', bytes(numbered(2, 2)), stolen)).rejects.toMatchObject({ code: 'LOCK_NOT_HELD' });
    await expect(states.locks.unlock('s', bytes(info('one')), FORCE)).rejects.toMatchObject({ code: 'LOCK_NOT_HELD' });
    await states.put('s', bytes(numbered(2, 2)), ALICE);
  });

  test('storing a state lets a lock run on that has run for half its time', async () => {
    const { states, store, clock, typesSince } = setUp({ lockMs: 60_000 });
    await states.put('s', bytes(numbered(1, 1)), ALICE);
    await states.locks.lock('s', bytes(info('one')), ALICE);
    const { position } = await store.head();
    const holder = { ...ALICE, lockId: 'one' };
    await states.put('s', bytes(numbered(2, 1)), holder);
    clock.advance(40_000);
    await states.put('s', bytes(numbered(3, 1)), holder);
    clock.advance(40_000);
    await states.put('s', bytes(numbered(4, 1)), holder);
    expect((await typesSince(position)).filter((type) => type === 'LockRenewed')).toHaveLength(2);
  });

  test.each<[string, Uint8Array]>([
    ['empty', EMPTY],
    ['without an id', bytes({ Operation: 'x' })],
    ['no object', bytes('[]')],
    ['too large', bytes(info('one', { Info: 'x'.repeat(70_000) }))],
  ])('a body that is %s locks nothing', async (_, body) => {
    const { states, store } = setUp();
    await expect(states.locks.lock('s', body, ALICE)).rejects.toThrow(InvalidInputError);
    expect(await reads(store).stack('s')).toBeUndefined();
  });
});

test('what is read while somebody changes the stack is of one version: content and serial belong together', async () => {
  const { engine, store, states, clock } = setUp();
  await states.put('s', bytes(numbered(1, 2)), ALICE);
  let changes = 0;
  const { racing, settled } = interleaved(store, () => {
    const resources = [{ type: 'terraform_data', name: 'z', properties: { n: ++changes } }];
    return engine.execute({ type: 'apply', stack: 's', resources }, ALICE);
  });
  const state = await new TerraformStates(engineOn(racing), clock).get('s');
  expect(state?.version).toBe(1);
  expect(parseJson(state?.text ?? '')).toMatchObject({ serial: 1 });
  expect((parseJson(state?.text ?? '') as { resources: unknown[] }).resources).toHaveLength(2);
  await settled();
  expect(changes).toBeGreaterThan(1);
  expect((await states.get('s'))?.version).toBe(1 + changes);
});

test('the library hands it out', async () => {
  await using backend = await StateBackend.open(':memory:');
  const states = await backend.getTerraformStates();
  await states.put('s', bytes(numbered(1, 1)), ALICE);
  expect((await backend.getState('s')).resources).toHaveLength(1);
});
