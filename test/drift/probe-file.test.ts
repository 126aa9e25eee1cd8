import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { probe } from '../../src/drift/index.js';
import type { Json, JsonObject } from '../../src/lib/json.js';
import { scratchFolder } from '../support/folder.js';
import { expected, look } from './support.js';

const sha256 = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');
const isRoot = process.getuid?.() === 0;

/** All files that these tests create and check; differing content is returned as it is. */
const looking = () => probe({ paths: ['/', '/dev', '/proc'], recordContent: true });

/** The result for a path with these properties. */
const at = async (path: string, properties: JsonObject): Promise<Json | undefined> =>
  (await look(looking(), [expected('file.x', { path, ...properties })])).found['file.x'];

function file(content: string | Buffer, mode = 0o644): string {
  const path = join(scratchFolder(), 'a-file');
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

describe('files', () => {
  test('ten of forty files, changed in ten ways, are reported exactly', async () => {
    const folder = scratchFolder();
    const uid = process.getuid?.() ?? 0;
    const gid = process.getgid?.() ?? 0;
    const resources = Array.from({ length: 40 }, (_, n) => {
      const path = join(folder, `f${n}`);
      const content = `content of ${n}`;
      if (n % 4 === 3) {
        symlinkSync(`f${n - 1}`, path);
        return expected(`file.f${n}`, { path, kind: 'symlink', target: `f${n - 1}`, note: 'own' });
      }
      writeFileSync(path, content);
      chmodSync(path, 0o640);
      const common = { path, kind: 'file', mode: '0640', owner: uid, group: gid, size: content.length };
      return expected(
        `file.f${n}`,
        n % 2 === 0 ? { ...common, sha256: sha256(content) } : { ...common, content, labels: ['own'] },
      );
    });
    const untouched = await look(looking(), resources);
    expect(untouched.found).toEqual(
      Object.fromEntries(resources.map(({ address, properties }) => [address, properties])),
    );

    const path = (n: number) => join(folder, `f${n}`);
    const was = (n: number) => resources[n]?.properties as JsonObject;
    const wanted: Record<string, Json> = { ...untouched.found };
    const change = (n: number, actual: JsonObject | null) => {
      wanted[`file.f${n}`] = actual;
    };
    chmodSync(path(0), 0o4755);
    change(0, { ...was(0), mode: '4755' });
    writeFileSync(path(1), 'Content of 1');
    change(1, { ...was(1), content: 'Content of 1' });
    writeFileSync(path(2), 'content of 2 and more');
    change(2, { ...was(2), size: 21, sha256: sha256('content of 2 and more') });
    rmSync(path(3));
    symlinkSync('elsewhere', path(3));
    change(3, { ...was(3), target: 'elsewhere' });
    rmSync(path(4));
    change(4, null);
    copyFileSync(path(5), path(5.5));
    rmSync(path(5));
    symlinkSync('f5.5', path(5));
    change(5, { ...was(5), kind: 'symlink', target: 'f5.5', mode: '0777', size: null, content: null });
    rmSync(path(6));
    mkdirSync(path(6), { mode: 0o750 });
    chmodSync(path(6), 0o750);
    change(6, { ...was(6), kind: 'directory', mode: '0750', size: null, sha256: null });
    rmSync(path(7));
    writeFileSync(path(7), 'a file now');
    change(7, { ...was(7), kind: 'file', target: null });
    truncateSync(path(8), 0);
    change(8, { ...was(8), size: 0, sha256: sha256('') });
    writeFileSync(path(9), Buffer.from([0xff, 0xfe]));
    change(9, { ...was(9), size: 2, content: { base64: '//4=' } });
    if (isRoot) {
      chownSync(path(10), 54_321, 54_322);
      change(10, { ...was(10), owner: 54_321, group: 54_322 });
    }

    const { found } = await look(looking(), resources);
    expect(found).toEqual(wanted);
    const differing = Object.keys(found).filter(
      (address) => JSON.stringify(found[address]) !== JSON.stringify(untouched.found[address]),
    );
    expect(differing).toHaveLength(isRoot ? 11 : 10);
  });

  test('other types are not checked', async () => {
    const { found } = await look(looking(), [
      expected('aws_vpc.a', { path: '/etc' }),
      expected('data.file.x', { path: '/etc' }),
    ]);
    expect(found).toEqual({});
  });

  test('of a file only expected properties are returned, and the others stay', async () => {
    const path = file('x');
    expect(await at(path, { labels: { a: 1 }, exists: true })).toEqual({ path, labels: { a: 1 }, exists: true });
    expect(await at(path, {})).toEqual({ path });
  });

  test('a path may be relative to the working directory', async () => {
    expect(await at('package.json', { kind: 'other' })).toEqual({ path: 'package.json', kind: 'file' });
  });

  test.each<[Json, Json]>([
    ['0644', '0644'],
    ['644', '644'],
    ['0o644', '0o644'],
    [420, 420],
    ['0600', '0644'],
    ['600', '644'],
    ['0o600', '0o644'],
    [384, 420],
    ['rw-r--r--', '0644'],
    [null, '0644'],
    [644, 420],
  ])('mode 0644, expected as %j, is returned as %j', async (mode, actual) => {
    const path = file('x');
    expect(await at(path, { mode })).toEqual({ path, mode: actual });
  });

  test.runIf(isRoot)('owner and group, by name and number', async () => {
    const path = file('x');
    chownSync(path, 0, 0);
    for (const [owner, actual] of [
      ['root', 'root'],
      ['0', '0'],
      [0, 0],
      [1, 0],
      ['1', 'root'],
      ['nobody-of-that-name', 'root'],
    ] as const) {
      expect(await at(path, { owner, group: owner })).toEqual({ path, owner: actual, group: actual });
    }
    chownSync(path, 54_321, 54_322);
    expect(await at(path, { owner: 'root', group: 'root' })).toEqual({ path, owner: 54_321, group: 54_322 });
    expect(await at(path, { owner: '54321', group: 54_322 })).toEqual({ path, owner: '54321', group: 54_322 });
  });

  test('a digest in capitals is equal', async () => {
    const path = file('x');
    const digest = sha256('x').toUpperCase();
    expect(await at(path, { sha256: digest })).toEqual({ path, sha256: digest });
    expect(await at(path, { sha256: digest.replace('A', 'B') })).toEqual({ path, sha256: sha256('x') });
  });

  test('content: a byte order mark is part of it', async () => {
    const path = file('\ufeffx');
    expect(await at(path, { content: 'x' })).toEqual({ path, content: '\ufeffx' });
  });

  test('content beyond 1 MiB is returned as a digest, unless it is as expected', async () => {
    const text = 'é'.repeat(600_000);
    const path = file(text);
    const digest = { sha256: sha256(text), size: 1_200_000 };
    expect(await at(path, { content: 'other' })).toEqual({ path, content: digest });
    expect(await at(path, { content: text })).toEqual({ path, content: text });
    expect(await at(path, { content: digest })).toEqual({ path, content: digest });
    const short = file('x');
    expect(await at(short, { content: { base64: 'eA==' } })).toEqual({ path: short, content: { base64: 'eA==' } });
  });

  test('content of 1 MiB is returned', async () => {
    const text = 'x'.repeat(1024 * 1024);
    const path = file(text);
    expect(await at(path, { content: '' })).toEqual({ path, content: text });
  });

  test('a missing file is gone, or as expected', async () => {
    const path = join(scratchFolder(), 'nothing');
    expect(await at(path, { exists: false, content: 'x' })).toEqual({ path, exists: false, content: 'x' });
    expect(await at(path, { exists: true })).toBeNull();
    expect(await at(path, { content: 'x' })).toBeNull();
    expect(await at(join(file('x'), 'below'), {})).toBeNull();
    const there = file('x');
    expect(await at(there, { exists: false })).toEqual({ path: there, exists: true });
  });

  test('an unexpected link is returned, even if everything else is as expected', async () => {
    const target = file('x');
    const path = join(scratchFolder(), 'link');
    symlinkSync(target, path);
    expect(await at(path, {})).toEqual({ path, kind: 'symlink', target });
    expect(await at(path, { kind: 'file', sha256: sha256('x') })).toEqual({
      path,
      kind: 'symlink',
      sha256: null,
      target,
    });
    expect(await at(path, { kind: 'symlink' })).toEqual({ path, kind: 'symlink' });
    expect(await at(path, { target: 'other' })).toEqual({ path, target: readlinkSync(path) });
    expect(await at(target, { target: 'other' })).toEqual({ path: target, target: null });
  });

  test('a device is neither read nor waited for', async () => {
    expect(await at('/dev/zero', { kind: 'file', content: 'x', size: 0 })).toEqual({
      path: '/dev/zero',
      kind: 'other',
      content: null,
      size: null,
    });
  });

  test.each<[JsonObject, RegExp]>([
    [{}, /"path" must be a text/],
    [{ path: 1 }, /"path" must be a text/],
    [{ path: '' }, /"path" must be a text/],
    [{ path: 'a\0b' }, /null bytes/],
    [{ path: 'x'.repeat(300), kind: 'file' }, /ENAMETOOLONG/],
    [{ path: '/proc/self/mem', content: 'x' }, /EIO/],
  ])('%j cannot be checked', async (properties, error) => {
    const { found } = await look(looking(), [expected('file.x', properties), expected('file.y', { path: '/' })]);
    expect(found).toEqual({ 'file.x': expect.stringMatching(error), 'file.y': { path: '/' } });
  });

  test('10,000 files at once', async () => {
    const path = file('x');
    const resources = Array.from({ length: 10_000 }, (_, n) => expected(`file.f${n}`, { path, content: 'y' }));
    const { observations } = await look(looking(), resources);
    expect(observations).toHaveLength(10_000);
    expect(new Set(observations.map((one) => JSON.stringify({ ...one, address: '' }))).size).toBe(1);
  });

  test('stops when it is aborted', async () => {
    const stop = new AbortController();
    const seen: object[] = [];
    const path = file('x');
    const source = looking().observe(
      (async function* () {
        for (let n = 0; ; n++) yield [expected(`file.f${n}`, { path })];
      })(),
      { signal: stop.signal },
    );
    const run = async () => {
      for await (const one of source) if (seen.push(one) === 100) stop.abort(new Error('enough'));
    };
    await expect(run()).rejects.toThrow('enough');
    expect(seen.length).toBe(100);
  });
});
