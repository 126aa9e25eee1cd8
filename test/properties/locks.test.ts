import fc from 'fast-check';
import { expect, test } from 'vitest';
import { COMMANDS, type Command, type CommandType } from '../../src/commands/index.js';
import { SlothError } from '../../src/lib/errors.js';
import { equalJson } from '../../src/lib/json.js';
import type { EventStore, Receipt } from '../../src/store/event-store.js';
import { TestClock } from '../support/clock.js';
import { parameters, SEES_ALL, TIMEOUT } from '../support/properties.js';
import { reads } from '../support/reads.js';
import { KIND, openFresh } from '../support/stores.js';

/** What one actor believes it holds on one stack; it may be wrong. */
interface Belief {
  readonly id: string;
  readonly token: number | undefined;
}

interface Lock {
  readonly id: string;
  readonly token: number;
  /** Milliseconds. */
  readonly until: number;
}

/** Commands that change the state of a stack, so that a locked one takes them from its holder only. */
const CHANGING = [
  'apply',
  'setResource',
  'updateStack',
  'addDependency',
  'removeDependency',
  'acceptDrift',
  'rollback',
  'startExecution',
  'completeExecution',
  'failExecution',
  'deleteStack',
  'restoreStack',
] as const;
const HARMLESS = [
  'takeSnapshot',
  'addTags',
  'removeTags',
  'recordActivity',
  'detectDrift',
  'resolveDrift',
  'ignoreDrift',
  'addDriftRule',
  'removeDriftRule',
] as const;
const LOCKING = ['acquireLock', 'renewLock', 'releaseLock', 'breakLock'] as const;
type Kind = (typeof CHANGING)[number] | (typeof HARMLESS)[number] | (typeof LOCKING)[number];

/** What a command is refused for when there is nothing for it to work on. */
const NO_EDGES: { readonly [K in Kind]?: string } = {
  removeDependency: 'DEPENDENCY_NOT_FOUND',
  completeExecution: 'EXECUTION_NOT_FOUND',
  failExecution: 'EXECUTION_NOT_FOUND',
  removeTags: 'TAG_NOT_FOUND',
  resolveDrift: 'DRIFT_NOT_FOUND',
  ignoreDrift: 'DRIFT_NOT_FOUND',
  acceptDrift: 'DRIFT_NOT_FOUND',
  removeDriftRule: 'DRIFT_RULE_NOT_FOUND',
  breakLock: 'NOT_LOCKED',
};

const step = fc.record({
  stack: fc.constantFrom('s1', 's1', 's1', 's2'),
  actor: fc.nat({ max: 2 }),
  kind: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom<Kind>(...CHANGING, 'restoreStack', 'restoreStack') },
    { weight: 4, arbitrary: fc.constantFrom<Kind>(...HARMLESS) },
    { weight: 5, arbitrary: fc.constantFrom<Kind>('acquireLock') },
    { weight: 5, arbitrary: fc.constantFrom<Kind>('renewLock', 'releaseLock', 'breakLock') },
  ),
  /** What the command says of the lock it comes under; `thief`: the id that holds the stack, whoever it belongs to. */
  claim: fc.oneof(
    { weight: 8, arbitrary: fc.constant('mine' as const) },
    { weight: 6, arbitrary: fc.constantFrom('nothing' as const, 'id' as const) },
    { weight: 4, arbitrary: fc.constantFrom('stale' as const, 'thief' as const, 'token' as const, 'token' as const) },
  ),
  /** Which of its own ids an actor asks for; 2 is one that all of them use. */
  id: fc.nat({ max: 2 }),
  ttl: fc.constantFrom(1_000, 5_000),
  wait: fc.oneof(
    { weight: 6, arbitrary: fc.constant(0) },
    { weight: 5, arbitrary: fc.constantFrom(1, 499, 999, 1_000, 4_000, 5_000, 60_000, -1, -1_000, -60_000) },
  ),
  /** The actor's command is lost on its way back, and sent again. */
  again: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Kinds of which the second needs the first before it: by chance they seldom meet. */
const PAIRS: readonly (readonly [Kind, Kind])[] = [
  ['addDependency', 'removeDependency'],
  ['addTags', 'removeTags'],
  ['detectDrift', 'resolveDrift'],
  ['detectDrift', 'ignoreDrift'],
  ['detectDrift', 'acceptDrift'],
  ['addDriftRule', 'removeDriftRule'],
  ['startExecution', 'completeExecution'],
  ['startExecution', 'failExecution'],
  ['deleteStack', 'restoreStack'],
];
const pair = fc.tuple(step, fc.constantFrom(...PAIRS)).map(([one, [first, second]]): Step[] => [
  { ...one, kind: first },
  { ...one, kind: second, wait: 0 },
]);
/** Whole lives: unbiased, as fast-check would else make every second one short. */
const script = fc
  .noBias(
    fc.array(fc.oneof({ weight: 8, arbitrary: step.map((one) => [one]) }, { weight: 1, arbitrary: pair }), {
      minLength: 1,
      maxLength: 100,
      size: 'max',
    }),
  )
  .map((all) => all.flat());

const outcomes = new Map<string, number>();
const count = (outcome: string): void => void outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);

/** Each actor's machine has its own idea of the time, in milliseconds. */
const SKEWS = [0, 400, -900];

/** One stack as far as its lock goes: who holds it, and nothing else. */
class LockModel {
  /** The last lock that was taken and not given up; it may have run out. */
  last: Lock | undefined;
  deleted = false;

  holder(now: number): Lock | undefined {
    return this.last && now < this.last.until ? this.last : undefined;
  }

  /** Why a command is refused for the lock it names, or for the one it does not. */
  refusal(kind: Kind, id: string | undefined, token: number | undefined, now: number): string | undefined {
    if (kind === 'restoreStack' ? !this.deleted : this.deleted && kind !== 'rollback') {
      return this.deleted ? 'STACK_DELETED' : 'STACK_NOT_DELETED';
    }
    const holder = this.holder(now);
    if (kind === 'breakLock') return this.last ? undefined : 'NOT_LOCKED';
    if (kind === 'acquireLock') return holder && holder.id !== id ? 'STACK_LOCKED' : undefined;
    if (id === undefined) {
      if (token !== undefined) return 'TOKEN_WITHOUT_LOCK';
      return holder && (CHANGING as readonly string[]).includes(kind) ? 'STACK_LOCKED' : undefined;
    }
    if (!holder) return 'LOCK_NOT_HELD';
    if (holder.id !== id) return 'STACK_LOCKED';
    return token === undefined || token === holder.token ? undefined : 'LOCK_NOT_HELD';
  }

  accepted(kind: Kind, id: string | undefined, until: number, receipt: Receipt, now: number): void {
    const holder = this.holder(now);
    this.last = holder;
    if (kind === 'acquireLock' && !holder) this.last = { id: id as string, token: receipt.lastPosition, until };
    if (kind === 'renewLock' && holder) this.last = { ...holder, until };
    if (kind === 'releaseLock' || kind === 'breakLock' || kind === 'deleteStack') this.last = undefined;
    if (kind === 'deleteStack') this.deleted = true;
    if (kind === 'restoreStack' || kind === 'rollback') this.deleted = false;
  }
}

/** A command of this kind that nothing but a lock can stand in the way of; undefined where there is nothing for it to do. */
async function commandOf(store: EventStore, { kind, stack, ttl }: Step, id: string, n: number) {
  const { stream } = (await reads(store).stack(stack, { deleted: true })) as { stream: number };
  const running = async () =>
    (await reads(store).executions(stream, 1_000)).find(({ status }) => status === 'running')?.id;
  const open = async () =>
    (await reads(store).drift(stream)).find((one) => one.isDrifted && one.resolutionStatus === 'pending')?.resourceId;
  /** A finding whose resource is still as it was expected. */
  const acceptable = async () => {
    const [last] = await reads(store).drift(stream);
    const { properties } = (await reads(store).resource(stream, 't.a'))?.value ?? {};
    return last?.isDrifted && equalJson(last.expected, properties) ? last.resourceId : undefined;
  };
  const some = async <K extends string>(
    field: K,
    value: string | undefined | Promise<string | undefined>,
  ): Promise<{ readonly [F in K]: string } & { readonly there: boolean }> => {
    const found = await value;
    return { [field]: found ?? 'none', there: found !== undefined } as never;
  };
  const commands: {
    readonly [K in Kind]: () => Promise<{ readonly there?: boolean; readonly [field: string]: unknown }>;
  } = {
    apply: async () => ({ resources: [{ type: 't', name: 'a', properties: { n } }] }),
    setResource: async () => ({ resource: 't.a', properties: { set: n } }),
    updateStack: async () => ({ description: `text ${n}` }),
    addDependency: async () => ({ resource: 't.a', dependsOn: `t.x${n}`, dependencyType: 'implicit' }),
    removeDependency: async () => ({
      resource: 't.a',
      ...(await some('dependsOn', (await reads(store).dependencies(stream))[0]?.target)),
    }),
    rollback: async () => ({ toVersion: 2 }),
    startExecution: async () => ({ executionId: `e${n}` }),
    completeExecution: async () => some('executionId', running()),
    failExecution: async () => ({ ...(await some('executionId', running())), error: 'boom' }),
    deleteStack: async () => ({}),
    restoreStack: async () => ({}),
    takeSnapshot: async () => ({}),
    addTags: async () => ({ tags: [`tag-${n}`] }),
    removeTags: async () => {
      const { tag, there } = await some('tag', (await reads(store).tags(stream))[0]?.tag);
      return { tags: [tag], there };
    },
    recordActivity: async () => ({ action: `done-${n}` }),
    detectDrift: async () => ({ findings: [{ resource: 't.a', actual: { drifted: n } }] }),
    resolveDrift: async () => some('resource', open()),
    ignoreDrift: async () => some('resource', open()),
    acceptDrift: async () => some('resource', acceptable()),
    addDriftRule: async () => ({ path: `rule-${n}`, reason: 'known' }),
    removeDriftRule: async () => {
      const rule = (await reads(store).driftRules(stream))[0]?.id;
      return { rule: rule ?? 1, there: rule !== undefined };
    },
    acquireLock: async () => ({ id, operation: `op ${n}`, ttlMs: ttl }),
    renewLock: async () => ({ id, ttlMs: ttl }),
    releaseLock: async () => ({ id }),
    breakLock: async () => ({ reason: 'somebody went home' }),
  };
  const { there = true, ...fields } = await commands[kind]();
  return { command: { type: kind, stack, ...fields } as unknown as Command, there };
}

/** The id and token a step sends. */
function claimed({ claim, id, actor, kind }: Step, belief: Belief | undefined, tokens: readonly number[], lock?: Lock) {
  const own = ['first', 'second'][id];
  const ownId = own === undefined ? 'common' : `${own}-of-${actor}`;
  if (kind === 'acquireLock') return { id: ownId };
  if (kind === 'breakLock') return {};
  const names = kind === 'renewLock' || kind === 'releaseLock';
  const believed = belief?.id ?? ownId;
  switch (claim) {
    case 'nothing':
      return names ? { id: believed } : {};
    case 'id':
      return { id: believed };
    case 'mine':
      return { id: believed, ...(belief?.token === undefined ? {} : { token: belief.token }) };
    case 'stale':
      return { id: believed, token: tokens[tokens.length - 2] ?? 999_999 };
    case 'token':
      return { ...(names ? { id: believed } : {}), token: belief?.token ?? 999_999 };
    case 'thief':
      return { id: lock?.id ?? ownId };
  }
}

async function live(script: readonly Step[]): Promise<void> {
  const clock = new TestClock();
  const engine = await openFresh(KIND, clock);
  const { store } = engine;
  const models = new Map<string, LockModel>();
  const streams = new Map<string, number>();
  const tokens: number[] = [];
  const beliefs = new Map<string, Belief>();
  const sentTokens: { readonly stack: string; readonly token: number; readonly position: number }[] = [];
  for (const name of ['s1', 's2']) {
    const { lastPosition } = await engine.execute({ type: 'createStack', id: name, name }, { actor: 'first' });
    await engine.execute({ type: 'apply', stack: name, resources: [{ type: 't', name: 'a' }] }, { actor: 'first' });
    models.set(name, new LockModel());
    streams.set(name, lastPosition);
  }
  for (const [n, one] of script.entries()) {
    const { kind, stack, actor } = one;
    const model = models.get(stack) as LockModel;
    const who = `${actor} ${stack}`;
    clock.advance(one.wait + (SKEWS[actor] as number));
    const now = Date.parse(clock.now());
    const { id, token } = claimed(one, beliefs.get(who), tokens, model.last) as Partial<Belief>;
    const { command, there } = await commandOf(store, one, id ?? '', n);
    const envelope = {
      actor: `actor-${actor}`,
      commandId: `c${n}`,
      ...((LOCKING as readonly string[]).includes(kind) || id === undefined ? {} : { lockId: id }),
      ...(token === undefined ? {} : { fencingToken: token }),
    };
    const predicted = model.refusal(kind, id, token, now) ?? (there ? 'accepted' : NO_EDGES[kind]);
    const before = await store.head();
    const lockBefore = model.last;
    let receipt: Receipt | undefined;
    let outcome = 'accepted';
    try {
      receipt = await engine.execute(command, envelope);
    } catch (error) {
      if (!(error instanceof SlothError)) throw error;
      outcome = error.code;
    }
    expect(`${n} ${kind}: ${outcome}`).toBe(`${n} ${kind}: ${predicted}`);
    count(`${kind}: ${outcome}`);
    if (lockBefore && now === lockBefore.until) count('at the very instant a lock runs out');
    if (lockBefore && !model.holder(now) && outcome === 'LOCK_NOT_HELD') count('an overslept holder');
    if (receipt) {
      model.accepted(kind, id, now + one.ttl, receipt, now);
      if (kind === 'acquireLock') {
        const taken = model.last as Lock;
        beliefs.set(who, { id: taken.id, token: taken.token });
        if (taken !== lockBefore) tokens.push(taken.token);
      }
      if (token !== undefined) sentTokens.push({ stack, token, position: receipt.firstPosition });
      if (one.again) {
        const head = await store.head();
        clock.advance(5_000);
        expect(await engine.execute(command, envelope)).toEqual(receipt);
        clock.advance(-5_000);
        expect(await store.head()).toEqual(head);
      }
    } else expect(await store.head()).toEqual(before);
    const lock = await reads(store).lock(streams.get(stack) as number);
    expect(lock && { id: lock.lockId, token: lock.token, until: Date.parse(lock.expiresAt) }).toEqual(model.last);
    clock.advance(-(SKEWS[actor] as number));
  }
  await fromTheLog(store, streams, sentTokens);
  await store.close();
}

/** What must hold whatever the model thinks: each token larger than all before it, and none good for anything once over. */
async function fromTheLog(
  store: EventStore,
  streams: ReadonlyMap<string, number>,
  accepted: readonly { readonly stack: string; readonly token: number; readonly position: number }[],
): Promise<void> {
  for (const [stack, stream] of streams) {
    let largest = 0;
    let current: number | undefined;
    const over = new Map<number, number>();
    for (const { type, position, data } of await store.events({ stream, limit: 100_000 })) {
      if (type === 'LockAcquired') {
        expect(current).toBeUndefined();
        expect(position).toBeGreaterThan(largest);
        current = largest = position;
      } else if (/^Lock(Released|Expired|Broken)$/.test(type)) {
        expect(JSON.parse(data).token).toBe(current);
        over.set(current as number, position);
        current = undefined;
      } else if (type === 'LockRenewed') expect(JSON.parse(data).token).toBe(current);
    }
    for (const { token, position } of accepted.filter((one) => one.stack === stack)) {
      expect(token).toBeLessThanOrEqual(largest);
      expect(position).toBeLessThanOrEqual(over.get(token) ?? position);
    }
  }
}

test('locks: every command is accepted or refused as a model of the holder predicts', { timeout: TIMEOUT }, () =>
  fc.assert(fc.asyncProperty(script, live), parameters(4)),
);

test('every command is used', () => {
  const known: readonly string[] = [...CHANGING, ...HARMLESS, ...LOCKING];
  const types = (Object.keys(COMMANDS) as CommandType[]).filter((type) => type !== 'createStack');
  expect([...known].sort()).toEqual([...types].sort());
  for (const type of CHANGING) expect(COMMANDS[type].lock).toBe('held');
});

test.runIf(SEES_ALL)('every kind of acceptance and refusal occurs', () => {
  const wanted = [
    ...[...CHANGING, ...HARMLESS, ...LOCKING].map((kind) => `${kind}: accepted`),
    ...CHANGING.filter((kind) => kind !== 'restoreStack').map((kind) => `${kind}: STACK_LOCKED`),
    ...[...CHANGING.filter((kind) => kind !== 'restoreStack'), ...HARMLESS, 'renewLock', 'releaseLock'].map(
      (kind) => `${kind}: LOCK_NOT_HELD`,
    ),
    'takeSnapshot: TOKEN_WITHOUT_LOCK',
    'apply: TOKEN_WITHOUT_LOCK',
    'acquireLock: STACK_LOCKED',
    'breakLock: NOT_LOCKED',
    'at the very instant a lock runs out',
    'an overslept holder',
  ];
  expect(wanted.filter((outcome) => !outcomes.has(outcome))).toEqual([]);
});
