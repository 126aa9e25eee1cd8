import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { namesSource, type ProbeAllowance, sourceFrom } from '../../src/drift/index.js';
import type { Json } from '../../src/lib/json.js';
import { bytes, expected, look } from './support.js';

const nothing = () => Promise.reject(new Error('nothing to read'));
const source = async (
  drift: Json,
  read: (path: string) => Promise<Uint8Array> = nothing,
  allowance: ProbeAllowance = {},
) => {
  const made = await sourceFrom({ other: 1, drift }, 'configuration', read, allowance);
  if (!made) throw new Error('no source');
  return made;
};

describe('the source that a configuration names', () => {
  test.each<[Json]>([[{}], [null], [[]], ['text'], [{ Drift: {} }]])('%j names none', async (config) => {
    expect(await sourceFrom(config, 'configuration', nothing, {})).toBeUndefined();
    expect(namesSource(config)).toBe(false);
  });

  test('a file, complete or not', async () => {
    const read = async (path: string) => bytes(`{"a.b": {"file": "${path}"}}`);
    const resources = [expected('a.b'), expected('a.c')];
    const some = await look(await source({ source: 'actual', file: 'f.json' }, read), resources);
    expect(some.found).toEqual({ 'a.b': { file: 'f.json' } });
    const all = await look(await source({ source: 'actual', file: 'f.json', complete: true }, read), resources);
    expect(all.found).toEqual({ 'a.b': { file: 'f.json' }, 'a.c': null });
    await expect(source({ source: 'actual', file: 'f.json' }, async () => bytes('[]'))).rejects.toThrow(
      expect.objectContaining({ code: 'ACTUAL_INVALID' }),
    );
  });

  test('a plan', async () => {
    const read = async () =>
      bytes(
        '{"format_version":"1.2","resource_drift":[{"address":"a.b","change":{"actions":["delete"],"after":null}}]}',
      );
    const { found } = await look(await source({ source: 'terraform-plan', file: 'p.json' }, read), [expected('a.b')]);
    expect(found).toEqual({ 'a.b': null });
  });

  test('a Terraform directory, with a time limit', async () => {
    execFileSync('terraform', ['version'], { stdio: 'pipe' });
    const directory = await source({ source: 'terraform-dir', dir: '/nowhere', timeout: '1m' });
    await expect(look(directory, [expected('a.b')])).rejects.toThrow(/terraform failed in \/nowhere: plan exited/);
    const late = await source({ source: 'terraform-dir', dir: '.', timeout: '1ms' });
    await expect(look(late, [expected('a.b')])).rejects.toThrow(/not done within 0.001 s/);
  });

  test('a program, with its options', async () => {
    const { found } = await look(await source({ source: 'exec', command: 'cat' }), [expected('a.b', { x: 1 })]);
    expect(found).toEqual({ 'a.b': { x: 1 } });
    const options = { shell: true, timeout: '500ms', concurrency: 1 };
    const slow = await source({ source: 'exec', command: 'sleep 300; true', ...options });
    expect((await look(slow, [expected('a.b')])).found).toEqual({ 'a.b': 'no answer within 500 ms' });
  });

  test('the probe, which reads only what the caller allows, whatever the configuration says', async () => {
    const drift = { source: 'probe', timeout: '1s', concurrency: 2 };
    const root = [expected('file.x', { path: '/' })];
    expect((await look(await source(drift, nothing, { paths: ['/'] }), root)).found).toEqual({
      'file.x': { path: '/' },
    });
    expect((await look(await source(drift), root)).found).toEqual({
      'file.x': expect.stringContaining('outside of what may be probed'),
    });
    for (const field of ['paths', 'hosts', 'recordContent', 'probe-path', 'lookup']) {
      await expect(source({ ...drift, [field]: ['/'] })).rejects.toThrow(
        expect.objectContaining({
          code: 'DRIFT_CONFIGURATION_INVALID',
          details: { field: `configuration.drift.${field}` },
        }),
      );
    }
  });

  test.each<[Json, string]>([
    [null, 'configuration.drift'],
    ['probe', 'configuration.drift'],
    [{}, 'configuration.drift.source'],
    [{ source: 'magic' }, 'configuration.drift.source'],
    [{ source: 'actual' }, 'configuration.drift.file'],
    [{ source: 'actual', file: '' }, 'configuration.drift.file'],
    [{ source: 'actual', file: 'f', complete: 'yes' }, 'configuration.drift.complete'],
    [{ source: 'actual', file: 'f', timeout: '1s' }, 'configuration.drift.timeout'],
    [{ source: 'terraform-dir' }, 'configuration.drift.dir'],
    [{ source: 'terraform-dir', dir: '.', timeout: 30 }, 'configuration.drift.timeout'],
    [{ source: 'exec', command: 'cat', timeout: 'soon' }, 'configuration.drift.timeout'],
    [{ source: 'exec', command: 'cat', timeout: '0s' }, 'configuration.drift.timeout'],
    [{ source: 'exec', command: 'cat', timeout: '25h' }, 'configuration.drift.timeout'],
    [{ source: 'exec', command: 'cat', concurrency: 0 }, 'configuration.drift.concurrency'],
    [{ source: 'exec', command: 'cat', concurrency: 1.5 }, 'configuration.drift.concurrency'],
    [{ source: 'exec', command: ['cat'] }, 'configuration.drift.command'],
    [{ source: 'probe', concurrency: '4' }, 'configuration.drift.concurrency'],
    [{ source: 'probe', extra: 1 }, 'configuration.drift.extra'],
  ])('refuses %j', async (drift, field) => {
    await expect(source(drift)).rejects.toThrow(
      expect.objectContaining({
        code: 'DRIFT_CONFIGURATION_INVALID',
        exitCode: 2,
        message: expect.stringMatching(new RegExp(`^${field}: .`)),
        details: { field },
      }),
    );
  });
});
