import { describe, expect, test } from 'vitest';
import { commandLine } from '../support/cli.js';

const drift = ['stack', 'state', 'drift'] as const;

/** A stack `shop` with a resource that drifted: one tag, the size, and an etag that changes by itself. */
async function drifted() {
  const cli = commandLine();
  await cli.text('stack', 'new', 'shop');
  const [before, after] = [
    { size: 1, etag: 'a', tags: { env: 'prod' } },
    { size: 2, etag: 'b', tags: { env: 'dev' } },
  ];
  const resource = { type: 'server', name: 'web', properties: before };
  const backend = await cli.open();
  await backend.execute({ type: 'apply', stack: 'shop', resources: [resource] });
  await backend.close();
  const find = async (actual: unknown = after) => {
    await using open = await cli.open();
    await open.execute({ type: 'detectDrift', stack: 'shop', findings: [{ resource: 'server.web', actual } as never] });
  };
  await find();
  const newest = async () => (await cli.json(...drift, 'shop')).drift[0];
  const paths = async () => (await newest()).changes.map(({ path }: { path: string }) => path);
  const properties = async () => (await cli.json('stack', 'resource', 'show', 'shop', 'server.web')).properties;
  return { ...cli, find, newest, paths, properties };
}

describe('drift', () => {
  test('is ignored by the address or id of the resource, forever or for a time', async () => {
    const cli = await drifted();
    const told = await cli.text(...drift, 'ignore', 'shop', 'server.web', '--reason', 'by hand', '--expires', '30d');
    expect(told).toMatch(/server\.web is ignored until \d{4}-/);
    expect(await cli.newest()).toMatchObject({ resolution_status: 'ignored', reason: 'by hand', is_drifted: true });
    expect(await cli.text(...drift, 'shop', '--exit-code')).toContain('ignored');
    await cli.find({});
    expect(await cli.json(...drift, 'ignore', 'shop', 'res-2', '-m', 'again')).toMatchObject({ version: 2, events: 1 });
    expect(await cli.newest()).toMatchObject({ resolution_status: 'ignored', reason: 'again' });
  });

  test('is resolved with a reason', async () => {
    const cli = await drifted();
    expect(await cli.text(...drift, 'resolve', 'shop', 'server.web', '--reason', 'put back')).toContain('is resolved');
    expect(await cli.newest()).toMatchObject({ resolution_status: 'resolved', reason: 'put back', is_drifted: false });
    const again = await cli.run([...drift, 'resolve', 'shop', 'server.web', '--reason', 'put back']);
    expect(again.code).toBe(3);
    expect(again.stderr).toContain('no open drift finding');
  });

  test('is accepted as a new version, which a rollback undoes', async () => {
    const cli = await drifted();
    await cli.text(...drift, 'ignore', 'shop', '--path', '**.etag', '--reason', 'by itself');
    await cli.find();
    const dry = await cli.text(...drift, 'accept', 'shop', 'server.web', '--dry-run');
    expect(dry).toMatch(/~ server\.web[\s\S]*properties\.size: 1 → 2/);
    expect(dry).not.toContain('etag');
    expect(await cli.properties()).toMatchObject({ size: 1 });
    const told = await cli.text(...drift, 'accept', 'shop', 'server.web', '-m', 'on purpose');
    expect(told).toMatch(/this is version 3\.\nUndo with: .*rollback shop --version 2/);
    expect(await cli.properties()).toEqual({ size: 2, etag: 'a', tags: { env: 'dev' } });
    expect(await cli.newest()).toMatchObject({ is_drifted: false, reason: 'on purpose' });
    const { versions } = await cli.json('stack', 'state', 'versions', 'shop');
    expect(versions[0]).toMatchObject({ version: 3, kind: 'accept drift', description: 'on purpose' });
    expect((await cli.run([...drift, 'accept', 'shop', 'server.web'])).code).toBe(3);
  });

  test('of a missing resource is accepted by removing it, which dependents prevent', async () => {
    const cli = await drifted();
    await cli.text('stack', 'resource', 'set', 'shop', 'disk.data', '--depends-on', 'server.web');
    await cli.find(null);
    const refused = await cli.run([...drift, 'accept', 'shop', 'server.web', '--output', 'json']);
    expect(refused.code).toBe(5);
    expect(JSON.parse(refused.stdout).error).toMatchObject({ code: 'HAS_DEPENDENTS' });
    expect((await cli.run([...drift, 'accept', 'shop', 'server.web', '--cascade', '--force'])).code).toBe(2);
    expect(await cli.json(...drift, 'accept', 'shop', 'server.web', '--cascade')).toMatchObject({
      changes: [
        { key: 'disk.data', kind: 'removed' },
        { key: 'server.web', kind: 'removed' },
      ],
    });
    expect((await cli.json('stack', 'resource', 'list', 'shop')).resources).toEqual([]);
  });

  test('needs no lock to be ignored, and its lock to be accepted', async () => {
    const cli = await drifted();
    const { lock_id: lock } = await cli.json('stack', 'state', 'lock', 'shop');
    await cli.text(...drift, 'ignore', 'shop', 'server.web', '--reason', 'x');
    expect((await cli.run([...drift, 'accept', 'shop', 'server.web'])).code).toBe(4);
    await cli.text(...drift, 'accept', 'shop', 'server.web', '--lock-id', lock);
  });
});

describe('rules', () => {
  test('are added, listed now and in the past, apply from the next check on, and are removed', async () => {
    const cli = await drifted();
    expect(await cli.text(...drift, 'rules', 'list', 'shop')).toContain('No drift rules');
    const added = await cli.text(
      ...drift,
      'ignore',
      'shop',
      '--type',
      'ser*',
      '--path',
      'tags.*',
      '--reason',
      'theirs',
    );
    expect(added).toMatch(/Rule 4 of shop applies for ever[\s\S]*rules remove shop 4/);
    const { last_position: etag } = await cli.json(
      ...[...drift, 'ignore', 'shop', '--path', '**.etag', '-m', 'by itself', '--expires', '2999-12-31T00:00:00Z'],
    );
    expect(await cli.paths()).toEqual(['$.etag', '$.size', '$.tags.env']);
    await cli.find();
    expect(await cli.paths()).toEqual(['$.size']);
    expect(await cli.newest()).toMatchObject({ drift_fields: ['size'] });

    const { stack_id, rules } = await cli.json(...drift, 'rules', 'list', 'shop');
    expect(stack_id).toBe((await cli.json('stack', 'state', 'show', 'shop')).id);
    expect(rules).toEqual([
      {
        id: 4,
        resource_type: 'ser*',
        path: 'tags.*',
        reason: 'theirs',
        expires_at: null,
        created_by: 'tester',
        created_at: expect.any(String),
      },
      expect.objectContaining({
        id: etag,
        resource_type: '*',
        path: '**.etag',
        expires_at: '2999-12-31T00:00:00.000Z',
      }),
    ]);
    const table = await cli.text(...drift, 'rules', 'list', 'shop');
    expect(table).toMatch(/RULE +TYPE +PATH +REASON +EXPIRES +BY/);
    expect(table).toMatch(/4 +ser\* +tags\.\* +theirs +never +tester/);
    expect(table).toMatch(/\*\*\.etag +by itself +in \d+ years/);

    expect(await cli.text(...drift, 'rules', 'remove', 'shop', '4', '--reason', 'ours now')).toContain('is removed');
    await cli.find();
    expect(await cli.paths()).toEqual(['$.size', '$.tags.env']);
    const ids = async (...at: string[]) =>
      (await cli.json(...drift, 'rules', 'list', 'shop', ...at)).rules.map(({ id }: { id: number }) => id);
    expect(await ids()).toEqual([etag]);
    expect(await ids('--at-position', '4')).toEqual([4]);
  });

  test('are not added twice', async () => {
    const cli = await drifted();
    const words = [...drift, 'ignore', 'shop', '--path', 'size', '--reason', 'x'] as const;
    await cli.text(...words);
    expect(await cli.text(...words)).toContain('nothing was changed');
    expect((await cli.json(...drift, 'rules', 'list', 'shop')).rules).toHaveLength(1);
  });

  test('escape control characters in their texts', async () => {
    const cli = await drifted();
    await using backend = await cli.open();
    await backend.execute({ type: 'addDriftRule', stack: 'shop', path: 'a', reason: 'x\nRULE \t' });
    expect(await cli.text(...drift, 'rules', 'list', 'shop')).toMatch(/x\\nRULE/);
  });
});

test('invalid input is refused with its field and changes nothing', async () => {
  const cli = await drifted();
  const events = async () => (await cli.json('doctor')).database.events;
  const before = await events();
  const refused = async (args: readonly string[], code: number, says: string | RegExp) => {
    const result = await cli.run([...drift, ...args]);
    expect({ code: result.code, stdout: result.stdout }).toEqual({ code, stdout: '' });
    expect(result.stderr).toMatch(says);
  };
  const ignore = (...rest: string[]) => ['ignore', 'shop', '--reason', 'x', ...rest];
  await refused(ignore(), 2, /RESOURCE[\s\S]*--path/);
  await refused(ignore('server.web', '--path', 'size'), 2, /RESOURCE[\s\S]*--path/);
  await refused(ignore('--type', 'server'), 2, '--path');
  await refused(['ignore', 'shop', 'server.web'], 2, 'reason');
  await refused(ignore('--path', 'tags..x'), 2, /at character 6/);
  await refused(ignore('nothing.there'), 3, 'no open drift finding');
  await refused(ignore('server.web', '--expires', 'soon'), 2, '--expires');
  await refused(ignore('server.web', '--expires', '2026-02-30'), 2, '--expires');
  await refused(ignore('server.web', '--expires', '2020-01-01'), 2, 'has passed');
  await refused(ignore('server.web', '--expires', '99999999d'), 2, 'year 9999');
  await refused(['resolve', 'shop', 'server.web'], 2, 'reason');
  await refused(['rules', 'remove', 'shop', '1'], 3, 'no drift rule 1');
  await refused(['rules', 'remove', 'shop', 'one'], 2, 'rule: "one"');
  await refused(['rules', 'remove', 'shop', '0'], 2, 'rule: "0"');
  expect(await events()).toBe(before);
});
