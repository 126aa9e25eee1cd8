import { describe, expect, it } from 'vitest';
import type { Command } from '../../src/commands/index.js';
import { readDriftRules } from '../../src/queries/annotations.js';
import { driftRuleAdded, EARLIER, given, LATER, NOW, request, stackCreated } from '../support/decision.js';
import { reads } from '../support/reads.js';
import { KINDS } from '../support/stores.js';
import { world } from '../support/world.js';

const stack = stackCreated();
const add = {
  type: 'addDriftRule',
  stack: 'web',
  resourceType: 'aws_*',
  path: 'tags.aws:*',
  reason: 'theirs',
} as const;
const fields = { resourceType: 'aws_*', path: 'tags.aws:*', reason: 'theirs' };

describe('addDriftRule', () => {
  it('records the rule, permanently or until a time, for all types if none is named', () => {
    const data = { resourceType: 'aws_*', path: 'tags.aws:*', reason: 'theirs', expiresAt: null };
    given(stack).when(add).thenEvents({ type: 'DriftRuleAdded', data });
    given(stack)
      .when({ ...add, expiresAt: LATER })
      .thenEvents({ type: 'DriftRuleAdded', data: { ...data, expiresAt: LATER } });
    given(stack)
      .when({ type: 'addDriftRule', stack: 'web', path: '$', reason: 'a\nb' })
      .thenEvents({ type: 'DriftRuleAdded', data: { resourceType: '*', path: '$', reason: 'a\nb', expiresAt: null } });
  });

  it('changes nothing if the same rule exists', () => {
    given(stack, driftRuleAdded(fields)).when(add).thenEvents();
  });

  it.each([
    ['type', { resourceType: '*' }],
    ['path', { path: 'tags' }],
    ['reason', { reason: 'mine' }],
    ['expiry', { expiresAt: LATER }],
  ])('records it beside one with another %s', (_, other) => {
    expect(
      given(stack, driftRuleAdded({ ...fields, ...other }))
        .when(add)
        .events(),
    ).toHaveLength(1);
  });

  it.each([NOW, EARLIER])('refuses an expiry in the past, also for an existing rule: %s', (expiresAt) => {
    const error = given(stack, driftRuleAdded({ ...fields, expiresAt }))
      .when({ ...add, expiresAt })
      .refused('EXPIRY_PASSED');
    expect(error).toMatchObject({ exitCode: 2, details: { field: 'expiresAt' } });
  });

  it('refuses an invalid path pattern, and names the position', () => {
    const error = given(stack)
      .when({ ...add, path: 'tags..Name' })
      .refused('DRIFT_PATTERN_INVALID');
    expect(error).toMatchObject({ exitCode: 2, details: { field: 'path', value: 'tags..Name', at: 6 } });
  });

  it.each([
    ['reason', ''],
    ['reason', ' \n'],
    ['reason', undefined],
    ['path', ''],
    ['path', undefined],
    ['resourceType', ''],
    ['resourceType', 'a\nb'],
    ['expiresAt', '2026-01-02'],
  ])('refuses the %s %j', (field, value) => {
    const error = given(stack)
      .when({ ...add, [field]: value } as Command)
      .refused('INVALID_INPUT');
    expect(error.details.field).toBe(field);
  });

  it('requests the rules', () => {
    expect(request(add).keys).toEqual({ stack: 'web', driftRules: true });
  });
});

describe('removeDriftRule', () => {
  it('removes a rule by its number, including an expired one', () => {
    const remove = { type: 'removeDriftRule', stack: 'web', rule: 3 } as const;
    const past = [stack, driftRuleAdded(), driftRuleAdded({ expiresAt: EARLIER })];
    given(...past)
      .when(remove)
      .thenEvents({ type: 'DriftRuleRemoved', data: { rule: 3, reason: '' } });
    given(...past)
      .when({ ...remove, reason: 'wrong' })
      .thenEvents({ type: 'DriftRuleRemoved', data: { rule: 3, reason: 'wrong' } });
  });

  it('refuses a number without a rule of the stack', () => {
    const error = given(stack, driftRuleAdded())
      .when({ type: 'removeDriftRule', stack: 'web', rule: 3 })
      .refused('DRIFT_RULE_NOT_FOUND');
    expect(error).toMatchObject({ exitCode: 3, details: { stack: 'web', rule: 3 } });
    expect(error.hint).toContain('rules list web');
  });

  it.each([0, -1, 1.5, '50'])('refuses the number %j', (rule) => {
    const error = given(stack)
      .when({ type: 'removeDriftRule', stack: 'web', rule: rule as number })
      .refused('INVALID_INPUT');
    expect(error.details.field).toBe('rule');
  });
});

describe.each(KINDS)('in a life (%s)', (location) => {
  const actor = 'ana';

  async function life() {
    const { store, clock, runAll } = await world(location);
    const run = (...commands: Command[]) => runAll(commands, { actor });
    await run(
      { type: 'createStack', id: 's', name: 's' },
      { type: 'createStack', id: 'other', name: 'other' },
      { type: 'apply', stack: 's', resources: [{ type: 't', name: 'a', id: 'id-a', properties: { n: 1, m: 1 } }] },
    );
    const paths = async () =>
      (await reads(store).drift(1)).map(({ changes, isDrifted }) => [isDrifted, ...changes.map(({ path }) => path)]);
    return { store, clock, run, paths };
  }
  const rule = (stack: string, path: string, expiresAt: string | null = null): Command => ({
    type: 'addDriftRule',
    stack,
    resourceType: 't',
    path,
    reason: 'known',
    expiresAt,
  });
  const detect: Command = { type: 'detectDrift', stack: 's', findings: [{ resource: 't.a', actual: { n: 2, m: 2 } }] };

  it('a rule applies to its stack, from its creation until it expires or is removed', async () => {
    const { run, paths, clock, store } = await life();
    await run(rule('other', '$'), detect);
    expect(await paths()).toEqual([[true, '$.m', '$.n']]);
    await run(rule('s', 'n', '2026-01-01T00:00:01.000Z'), rule('s', 'm'), detect);
    expect(await paths()).toEqual([[false, '$.m', '$.n']]);
    clock.advance(1_000);
    await run(detect);
    expect(await paths()).toEqual([
      [true, '$.n'],
      [false, '$.m', '$.n'],
    ]);
    const [, mine] = await reads(store).driftRules(1);
    await run({ type: 'removeDriftRule', stack: 's', rule: mine?.id ?? 0 }, detect);
    expect((await paths())[0]).toEqual([true, '$.m', '$.n']);
    await expect(run({ type: 'removeDriftRule', stack: 's', rule: mine?.id ?? 0 })).rejects.toMatchObject({
      code: 'DRIFT_RULE_NOT_FOUND',
    });
  });

  it('rules are read now and in the past, and do not raise the version', async () => {
    const { run, store } = await life();
    await run(rule('s', 'n'), rule('s', 'm'), { type: 'removeDriftRule', stack: 's', rule: 4 });
    const at = (position: number) => store.read((s) => readDriftRules(s, 's', { position }));
    const read = async (position?: number) =>
      (position === undefined ? await store.read((s) => readDriftRules(s, 's')) : await at(position)).rules;
    const [n, m] = [4, 5].map((id) => ({
      id,
      resourceType: 't',
      path: id === 4 ? 'n' : 'm',
      reason: 'known',
      expiresAt: null,
      createdBy: actor,
      createdAt: '2026-01-01T00:00:00.000Z',
    }));
    expect(await read()).toEqual([m]);
    expect(await read(6)).toEqual([m]);
    expect(await read(5)).toEqual([n, m]);
    expect(await read(4)).toEqual([n]);
    expect(await read(3)).toEqual([]);
    expect((await store.read((s) => readDriftRules(s, 's'))).stack.stateVersion).toBe(2);
  });

  it.each(['t.a', 'id-a'])(
    'a finding is ignored and resolved by the address or id of its resource: %s',
    async (ref) => {
      const { run, store } = await life();
      await run(detect, { type: 'ignoreDrift', stack: 's', resource: ref, reason: 'known' });
      expect(await reads(store).drift(1)).toMatchObject([{ resolutionStatus: 'ignored', reason: 'known' }]);
      const other: Command = { type: 'detectDrift', stack: 's', findings: [{ resource: 't.a', actual: { n: 3 } }] };
      await run(other, { type: 'resolveDrift', stack: 's', resource: ref, reason: 'done' });
      expect((await reads(store).drift(1))[0]).toMatchObject({ resolutionStatus: 'resolved', reason: 'done' });
    },
  );
});
