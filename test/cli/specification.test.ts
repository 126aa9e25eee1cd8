import { describe, expect, test } from 'vitest';
import { commandLine } from '../support/cli.js';

/** Every line of the specification's CLI section, word for word, in its order, on one database. */
describe('the command lines of the specification', () => {
  test('all run, and print the documented output', async () => {
    const cli = commandLine();
    // What the section takes for granted: a stack of that name with three versions and something to compare.
    await cli.text('stack', 'new', 'my-stack', '--description', 'Production');
    await cli.text('stack', 'resource', 'set', 'my-stack', 'server.web', '--property', 'size=1');
    await cli.text('stack', 'resource', 'set', 'my-stack', 'server.web', '--property', 'size=2');

    expect(await cli.text('stack', 'state', 'list')).toMatch(/my-stack +created +3 +1 /);
    expect(await cli.text('stack', 'state', 'show', 'my-stack')).toMatch(/server\.web +applied +v3/);
    expect(await cli.text('stack', 'state', 'versions', 'my-stack')).toMatch(/3 +set +\+0 ~1 -0[\s\S]*1 +create/);
    expect(await cli.text('stack', 'state', 'snapshot', 'my-stack', '--description', 'Before deployment')).toContain(
      'version 3',
    );

    expect(await cli.text('stack', 'state', 'rollback', 'my-stack', '--version', '3')).toContain('nothing was changed');
    expect(await cli.text('stack', 'state', 'diff', 'my-stack', '--from', '2', '--to', '3')).toContain(
      'properties.size: 1 → 2',
    );

    expect(await cli.text('stack', 'state', 'drift', 'my-stack')).toContain('No drift recorded');
    expect(JSON.parse(await cli.text('stack', 'state', 'drift', 'my-stack', '--output', 'json'))).toMatchObject({
      drift: [],
    });

    const lock = [
      'stack',
      'state',
      'lock',
      'my-stack',
      '--operation',
      'deployment',
      '--who',
      'admin',
      '--duration',
      '30m',
    ];
    const locked = await cli.text(...lock);
    expect(locked).toContain('held by admin for "deployment"');
    const lockId = /lock id ([\w-]+)/.exec(locked)?.[1] as string;
    expect(await cli.text('stack', 'state', 'unlock', 'my-stack', '--lock-id', lockId)).toContain('unlocked');

    expect(await cli.text('stack', 'state', 'tags', 'add', 'my-stack', 'production')).toContain('production');
    expect(await cli.text('stack', 'state', 'tags', 'list', 'my-stack')).toMatch(/production +.* +tester/);
    const activity = await cli.text('stack', 'state', 'activity', 'my-stack', '--limit', '20');
    for (const type of [
      'StackCreated',
      'ResourceUpdated',
      'SnapshotTaken',
      'LockAcquired',
      'LockReleased',
      'TagAdded',
    ]) {
      expect(activity).toContain(type);
    }
  });

  test('a rollback to an earlier version is a new version', async () => {
    const cli = commandLine();
    await cli.text('stack', 'new', 'my-stack');
    await cli.text('stack', 'resource', 'set', 'my-stack', 'server.web', '--property', 'size=1');
    await cli.text('stack', 'resource', 'set', 'my-stack', 'server.web', '--property', 'size=2');
    const plan = await cli.text('stack', 'state', 'rollback', 'my-stack', '--version', '2', '--dry-run');
    expect(plan).toContain('properties.size: 2 → 1');
    expect((await cli.json('stack', 'state', 'show', 'my-stack')).resource_version).toBe('3');
    const done = await cli.text('stack', 'state', 'rollback', 'my-stack', '--version', '2');
    expect(done).toContain('this is version 4');
    const state = await cli.json('stack', 'state', 'show', 'my-stack');
    expect(state).toMatchObject({ resource_version: '4', resources: [{ properties: { size: 1 } }] });
  });
});
