import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, realpathSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, relative } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { probe } from '../../src/drift/index.js';
import { AllowedPaths } from '../../src/drift/probe/paths.js';
import type { Json, JsonObject } from '../../src/lib/json.js';
import { scratchFolder } from '../support/folder.js';
import { expected, look } from './support.js';

const SECRET = 'root:$6$wX3secret:19000:0:99999:7:::';
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** `in/` may be probed, `out/` may not; each contains a file. */
function folders() {
  const root = realpathSync(scratchFolder());
  for (const name of ['in', 'in/sub', 'out', 'out/closed']) mkdirSync(join(root, name));
  writeFileSync(join(root, 'in/file'), 'inside');
  writeFileSync(join(root, 'out/shadow'), SECRET);
  const inside = join(root, 'in');
  return { root, inside, outside: join(root, 'out') };
}

/** Requests everything that a probe can find out. */
const ALL: JsonObject = {
  content: '',
  sha256: '',
  size: 0,
  mode: '0000',
  owner: 'x',
  group: 'x',
  kind: 'x',
  target: 'x',
  exists: false,
};

const at = async (paths: readonly string[], path: string, properties: JsonObject = ALL): Promise<Json | undefined> =>
  (await look(probe({ paths }), [expected('file.x', { path, ...properties })])).found['file.x'];

/** The reported text for a path outside. */
const notAllowed = (path: string): string =>
  `"path" is outside of what may be probed: allow it with --probe-path '${path}'`;

describe('a path outside of the allowed folders', () => {
  test('is not checked if nothing is allowed, the default', async () => {
    for (const path of ['/etc/shadow', '/etc', '/', '/dev/null', '/nowhere/at/all']) {
      expect(await at([], path)).toBe(notAllowed(path));
    }
    const { found } = await look(probe(), [expected('file.x', { path: '/etc/passwd', content: '' })]);
    expect(found).toEqual({ 'file.x': notAllowed('/etc/passwd') });
  });

  test('is reported the same whether it exists, is a folder, is unreadable or is missing', async () => {
    const { inside, outside } = folders();
    for (const name of ['shadow', 'closed', 'missing', 'shadow/below', 'missing/below', 'x'.repeat(300)]) {
      const path = join(outside, name);
      expect(await at([inside], path)).toBe(notAllowed(path));
      expect(await at([inside], path, { exists: false })).toBe(notAllowed(path));
    }
  });

  test('is not reached by "..", by a folder with the same prefix, nor by a relative path', async () => {
    const { root, inside, outside } = folders();
    mkdirSync(join(root, 'in-other'));
    writeFileSync(join(root, 'in-other/file'), SECRET);
    expect(await at([inside], `${inside}/../out/shadow`)).toBe('"path" must not contain ".."');
    expect(await at([inside], `${inside}/sub/../file`)).toBe('"path" must not contain ".."');
    expect(await at([inside], join(root, 'in-other/file'))).toBe(notAllowed(join(root, 'in-other/file')));
    expect(await at([inside], relative(process.cwd(), join(outside, 'shadow')))).toMatch(/must not contain/);
    expect(await at([inside], 'package.json')).toBe(notAllowed(join(process.cwd(), 'package.json')));
  });

  test('is not reached by a link: as the file, as a parent, through others, nor by its absence', async () => {
    const { inside, outside } = folders();
    symlinkSync(join(outside, 'shadow'), join(inside, 'link'));
    symlinkSync(outside, join(inside, 'parent'));
    symlinkSync('../out', join(inside, 'relative'));
    symlinkSync('parent', join(inside, 'sub/again'));
    symlinkSync('../parent', join(inside, 'sub/twice'));
    // The link itself is checked, not its target.
    const { size, content, sha256: digest } = (await at([inside], join(inside, 'link'))) as JsonObject;
    expect({ size, content, digest }).toEqual({ size: null, content: null, digest: null });
    for (const name of [
      'parent/shadow',
      'parent/missing',
      'parent/shadow/below',
      'relative/shadow',
      'sub/twice/shadow',
    ]) {
      expect(await at([inside], join(inside, name))).toBe(notAllowed(join(inside, name)));
    }
    expect(await at([inside], join(inside, 'sub/again/shadow'), { kind: 'file' })).toBeNull(); // sub/parent does not exist
  });

  test('is not reached through links that point to each other', async () => {
    const { inside } = folders();
    symlinkSync('b', join(inside, 'a'));
    symlinkSync('a', join(inside, 'b'));
    expect(await at([inside], join(inside, 'a/x'))).toBe('"path" cannot be looked at: more than 40 symbolic links');
  });

  test.runIf(process.platform === 'linux')(
    'is not shown by what replaces a parent between the check and the reading',
    async () => {
      const { root, inside, outside } = folders();
      mkdirSync(join(inside, 'app'));
      writeFileSync(join(inside, 'app/shadow'), 'inside');
      const allowed = await AllowedPaths.of([inside]);
      const read = async (swap: () => void): Promise<string> =>
        (await allowed.look(join(inside, 'app/shadow'), async (place) => {
          swap();
          const file = await place.open();
          try {
            return await file.readFile('utf8');
          } finally {
            await file.close();
          }
        })) ?? '';
      const swap = (): void => {
        renameSync(join(inside, 'app'), join(root, 'moved'));
        symlinkSync(outside, join(inside, 'app'));
      };
      expect(await read(swap)).toBe('inside');
      rmSync(join(inside, 'app'));
      renameSync(join(root, 'moved'), join(inside, 'app'));
      const replace = (): void => {
        rmSync(join(inside, 'app/shadow'));
        symlinkSync(join(outside, 'shadow'), join(inside, 'app/shadow'));
      };
      expect(await read(replace)).toBe('inside');
    },
  );

  test.runIf(process.platform === 'linux')('is not revealed however a parent changes during the check', async () => {
    const { inside, outside } = folders();
    const [app, kept, link] = ['app', 'kept', 'link'].map((name) => join(inside, name)) as [string, string, string];
    mkdirSync(app);
    writeFileSync(join(app, 'shadow'), 'inside');
    symlinkSync(outside, link);
    const resources = Array.from({ length: 2_000 }, (_, n) =>
      expected(`file.f${n}`, { path: join(app, 'shadow'), content: '' }),
    );
    let swapped = false;
    const source = probe({ paths: [inside], recordContent: true, concurrency: 8 });
    for await (const seen of source.observe(
      (async function* () {
        for (const resource of resources) yield [resource];
      })(),
    )) {
      expect(JSON.stringify(seen)).not.toContain('secret');
      if (swapped) {
        renameSync(app, link);
        renameSync(kept, app);
      } else {
        renameSync(app, kept);
        renameSync(link, app);
      }
      swapped = !swapped;
    }
  });
});

describe('a path inside of the allowed folders', () => {
  test('is checked by any name of the folder, through links that stay inside', async () => {
    const { root, inside } = folders();
    const alias = join(root, 'alias');
    symlinkSync(inside, alias);
    symlinkSync('sub', join(inside, 'current'));
    symlinkSync(join(alias, 'sub'), join(inside, 'absolute'));
    writeFileSync(join(inside, 'sub/file'), 'below');
    const content = async (path: string, allowed = inside) =>
      (await at([allowed], path, { content: 'below' })) as JsonObject;
    expect(await content(join(inside, 'current/file'))).toEqual({
      path: join(inside, 'current/file'),
      content: 'below',
    });
    expect((await content(join(alias, 'sub/file'), alias)).content).toBe('below');
    expect((await content(join(inside, 'sub/file'), alias)).content).toBe('below');
    expect((await content(join(inside, 'absolute/file'), alias)).content).toBe('below');
    expect((await content(join(inside, 'sub/file'), `${inside}/`)).content).toBe('below');
    expect((await content(join(inside, 'sub/file'), join(inside, 'sub/file'))).content).toBe('below');
  });

  test('may be the folder itself, and a file can be allowed alone', async () => {
    const { inside, outside } = folders();
    expect(await at([inside], inside, { kind: 'x' })).toEqual({ path: inside, kind: 'directory' });
    const file = join(inside, 'file');
    expect(await at([file], file, { kind: 'x' })).toEqual({ path: file, kind: 'file' });
    expect(await at([file], inside, { kind: 'x' })).toBe(notAllowed(inside));
    expect(await at([file, outside], join(outside, 'missing'))).toEqual(
      expect.objectContaining({ path: join(outside, 'missing'), exists: false }),
    );
    expect(await at([outside], join(outside, 'missing'), { kind: 'file' })).toBeNull();
  });

  test('in /proc, /sys or /dev is allowed only by a folder there', async () => {
    for (const path of ['/proc/self/environ', '/proc/1/maps', '/sys/kernel', '/dev/mem', '/dev/null']) {
      expect(await at(['/'], path)).toBe(notAllowed(path));
    }
    expect(await at(['/proc'], '/proc/self/environ', { kind: 'x' })).toMatchObject({ kind: 'file' });
    expect(await at(['/'], '/', { kind: 'x' })).toEqual({ path: '/', kind: 'directory' });
  });

  test('that is a pipe, a socket or a device is neither read nor waited for', async () => {
    const { inside } = folders();
    const [pipe, socket] = [join(inside, 'pipe'), join(inside, 'socket')];
    execFileSync('mkfifo', [pipe]);
    const server = createServer().listen(socket);
    onTestFinished(() => void server.close());
    await expect.poll(() => server.listening).toBe(true);
    for (const path of [pipe, socket, '/dev/zero', '/dev/tty']) {
      expect(await at([inside, '/dev'], path, { content: 'x', sha256: 'x', size: 1, kind: 'file' })).toEqual({
        path,
        content: null,
        sha256: null,
        size: null,
        kind: 'other',
      });
    }
  });

  test('that is larger than 1 GiB is not read', async () => {
    const { inside } = folders();
    const path = join(inside, 'file');
    truncateSync(path, 2 ** 30 + 1);
    expect(await at([inside], path, { sha256: '' })).toBe('the content is longer than 1073741824 bytes');
    expect(await at([inside], path, { size: 0 })).toEqual({ path, size: 2 ** 30 + 1 });
  });
});

test('an allowed folder that does not exist is refused', async () => {
  await expect(at([join(scratchFolder(), 'missing')], '/x')).rejects.toThrow(
    expect.objectContaining({
      code: 'PROBE_PATH_INVALID',
      exitCode: 2,
      details: expect.objectContaining({ field: 'probe-path' }),
    }),
  );
  await expect(at([''], '/x')).rejects.toThrow(expect.objectContaining({ code: 'PROBE_PATH_INVALID' }));
});

describe('content', () => {
  test('is compared, and returned only as digest and length', async () => {
    const { inside } = folders();
    const path = join(inside, 'file');
    writeFileSync(path, SECRET);
    const digest = { sha256: sha256(SECRET), size: SECRET.length };
    expect(await at([inside], path, { content: 'guess' })).toEqual({ path, content: digest });
    expect(await at([inside], path, { content: SECRET })).toEqual({ path, content: SECRET });
    expect(await at([inside], path, { content: digest })).toEqual({ path, content: digest });
    expect(await at([inside], path, { content: { sha256: digest.sha256.toUpperCase() } })).toEqual({
      path,
      content: { sha256: digest.sha256.toUpperCase() },
    });
    writeFileSync(path, Buffer.from([0xff]));
    expect(await at([inside], path, { content: 'x' })).toEqual({
      path,
      content: {
        sha256: createHash('sha256')
          .update(Buffer.from([0xff]))
          .digest('hex'),
        size: 1,
      },
    });
  });

  test('is returned itself on request', async () => {
    const { inside } = folders();
    const path = join(inside, 'file');
    const { found } = await look(probe({ paths: [inside], recordContent: true }), [
      expected('file.x', { path, content: 'guess' }),
    ]);
    expect(found).toEqual({ 'file.x': { path, content: 'inside' } });
  });
});
