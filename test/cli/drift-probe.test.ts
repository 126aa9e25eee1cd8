import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { commandLine } from '../support/cli.js';
import { scratchFolder } from '../support/folder.js';
import { ON_POSTGRES } from '../support/on-postgres.js';
import { onServer } from '../support/postgres.js';

const SECRET = 'root:$6$wX3-top-secret:19000:0:99999:7:::';

/** What a stack's author asks for to find out all there is. */
const ALL = { content: '', sha256: '', size: 0, mode: '0', owner: '', group: '', kind: '', target: '' };

async function stackOf(resources: readonly object[], configuration: object = {}) {
  const folder = scratchFolder();
  const cli = commandLine();
  const desired = join(folder, 'desired.json');
  writeFileSync(desired, JSON.stringify({ configuration, resources }));
  await cli.text('stack', 'new', 'web');
  await cli.text('stack', 'apply', 'web', '-f', desired);
  let printed = '';
  const drift = async (...args: string[]) => {
    const result = await cli.run(['stack', 'state', 'drift', 'web', ...args]);
    printed += result.stdout + result.stderr;
    return result;
  };
  /** Everything that commands printed and the database holds. */
  const everything = async (): Promise<string> =>
    printed + (await cli.text('audit', 'log', 'web', '--output', 'json')) + (await storedIn(cli.db));
  return { ...cli, folder, drift, everything };
}

/** All bytes of a database file and what lies beside it, or all rows of all tables of a schema. */
async function storedIn(db: string): Promise<string> {
  if (!ON_POSTGRES) {
    const files = readdirSync(dirname(db)).map((name) => join(dirname(db), name));
    return files.map((file) => readFileSync(file, 'latin1')).join('\n');
  }
  return onServer(db, async (client) => {
    const { rows: tables } = await client.query(
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = current_schema() ORDER BY 1`,
    );
    const texts: string[] = [];
    for (const { name } of tables) {
      const { rows } = await client.query(`SELECT t::text AS text FROM "${name}" t`);
      texts.push(...rows.map(({ text }) => text));
    }
    return texts.join('\n');
  });
}

/** The digest of the secret, as hexadecimal digits. */
const DIGEST = createHash('sha256').update(SECRET).digest('hex');

function folders() {
  const root = scratchFolder();
  for (const name of ['in', 'out']) mkdirSync(join(root, name));
  writeFileSync(join(root, 'out/shadow'), SECRET);
  writeFileSync(join(root, 'in/file'), SECRET);
  symlinkSync('../out', join(root, 'in/parent'));
  return { inside: join(root, 'in'), outside: join(root, 'out') };
}

const file = (name: string, path: string, properties: object = ALL) => ({
  type: 'file',
  name,
  properties: { path, ...properties },
});

describe('a probe of files', () => {
  test('of files that are not allowed reads, prints and records nothing', async () => {
    const { inside, outside } = folders();
    const stack = await stackOf([
      file('shadow', join(outside, 'shadow')),
      file('linked', join(inside, 'parent/shadow')),
      file('missing', join(outside, 'missing')),
      file('dots', `${inside}/../out/shadow`),
    ]);
    for (const flags of [[], ['--probe-path', inside], ['--probe-path', inside, '--record-content']]) {
      const { code, stdout } = await stack.drift('--probe', ...flags, '--output', 'json');
      expect(code).toBe(1);
      const { check, drift } = JSON.parse(stdout);
      expect(drift).toEqual([]);
      expect(check).toMatchObject({ compared: 0, not_compared: 4, not_looked_at: 0 });
      const reason = (resource: string): string =>
        check.failed.find((one: { resource: string }) => one.resource === resource).error;
      expect(reason('file.shadow')).toContain(`--probe-path '${outside}/shadow'`);
      expect(reason('file.shadow').replace('shadow', 'missing')).toBe(reason('file.missing'));
    }
    const all = await stack.everything();
    expect(all).not.toContain('top-secret');
    expect(all).not.toContain(DIGEST);
    expect(all).not.toContain('ENOENT');
  });

  test('records digest and length of differing content, and the text only with --record-content', async () => {
    const { inside } = folders();
    const stack = await stackOf([file('x', join(inside, 'file'), { content: 'guess' })]);
    const probe = ['--probe', '--probe-path', inside];
    const { code, stdout } = await stack.drift(...probe, '--exit-code', '--output', 'json');
    expect(code).toBe(6);
    expect(JSON.parse(stdout).drift[0].changes).toEqual([
      { path: '$.content', expected: 'guess', actual: { sha256: DIGEST, size: SECRET.length } },
    ]);
    const all = await stack.everything();
    expect(all).not.toContain('top-secret');
    expect(all).toContain(DIGEST);
    // Accepted, the digest is what is expected from then on.
    await stack.text('stack', 'state', 'drift', 'accept', 'web', 'file.x');
    expect((await stack.drift(...probe, '--exit-code')).code).toBe(0);
    await stack.text('stack', 'resource', 'set', 'web', 'file.x', '-p', `content=${SECRET.slice(1)}`);
    await stack.drift(...probe, '--record-content');
    expect((await stack.drift('--recorded')).stdout).toContain(SECRET);
  });

  test('compares content with the expected text', async () => {
    const { inside } = folders();
    const stack = await stackOf([file('x', join(inside, 'file'), { content: SECRET })]);
    expect(await stack.drift('--probe', '--probe-path', inside, '--exit-code')).toMatchObject({ code: 0 });
  });
});

test('a probe of a redirect to a loopback address neither follows it nor records anything of it', async () => {
  let asked = 0;
  const inner = createServer((_, response) => {
    asked++;
    response.setHeader('X-Secret', 'top-secret').end('top-secret');
  });
  const outer = createServer((_, response) => {
    response.writeHead(302, { Location: `http://127.0.0.1:${(inner.address() as AddressInfo).port}/` }).end();
  });
  const ports = [];
  for (const server of [inner, outer]) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    ports.push((server.address() as AddressInfo).port);
  }
  const [to, from] = ports;
  const properties = { status: 1, headers: { 'x-secret': '' }, body: '', follow_redirects: true };
  const stack = await stackOf([
    { type: 'http', name: 'a', properties: { url: `http://127.0.0.1:${from}/`, ...properties } },
    { type: 'http', name: 'b', properties: { url: `http://127.0.0.1:${to}/`, ...properties } },
    { type: 'http', name: 'c', properties: { url: `http://localhost:${to}/`, ...properties } },
  ]);
  const { code, stdout } = await stack.drift('--probe', '--probe-host', `127.0.0.1:${from}`);
  expect(code).toBe(1);
  expect(stdout).toContain('0 compared, 3 not compared');
  expect(stdout).toContain(`http.a: "127.0.0.1:${to}" is not among the hosts`);
  expect(asked).toBe(0);
  expect(await stack.everything()).not.toContain('top-secret');
  await stack.drift('--probe', '--probe-host', `127.0.0.1:${from}`, '--probe-host', `127.0.0.1:${to}`);
  expect(asked).toBe(2);
  expect(await stack.everything()).not.toContain('top-secret');
});

test('nothing that a configuration names is read or run unless --configured says so', async () => {
  const mark = join(scratchFolder(), 'mark');
  const stack = await stackOf([{ type: 't', name: 'a' }], {
    drift: { source: 'exec', command: `touch '${mark}'; cat`, shell: true },
  });
  for (const flags of [[], ['--exit-code'], ['--recorded'], ['--at-version', '1']]) await stack.drift(...flags);
  expect(existsSync(mark)).toBe(false);
  expect((await stack.run(['stack', 'state', 'drift', 'watch', 'web'])).code).toBe(2);
  expect(existsSync(mark)).toBe(false);
  expect((await stack.drift('--configured', '--exit-code')).code).toBe(0);
  expect(existsSync(mark)).toBe(true);
});

describe('--exit-code reports no drift only if everything was compared', () => {
  const net = (name: string) => ({ type: 'net', name });
  const actual = (folder: string, document: object): string => {
    const path = join(folder, 'actual.json');
    writeFileSync(path, JSON.stringify(document));
    return path;
  };

  test('without a source it is refused where nothing was ever recorded', async () => {
    const stack = await stackOf([net('a')]);
    for (const flags of [[], ['--recorded'], ['--at-version', '2']]) {
      const { code, stdout, stderr } = await stack.drift('--exit-code', ...flags);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain('nothing was compared: no drift was ever recorded for "web"');
      expect(stderr).toContain('Name a source: --actual');
    }
    const { stdout } = await stack.drift('--exit-code', '--output', 'json');
    expect(JSON.parse(stdout).error.code).toBe('NOTHING_COMPARED');
    expect((await stack.drift()).code).toBe(0);
  });

  test('with a source that compared nothing it is refused, with the reasons, and so is watch', async () => {
    const stack = await stackOf([net('a'), net('b')]);
    const empty = actual(stack.folder, {});
    for (const source of [['--actual', empty], ['--probe'], ['--exec', 'true']]) {
      for (const flags of [[], ['--allow-partial']]) {
        const { code, stdout, stderr } = await stack.drift(...source, '--exit-code', ...flags);
        expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
        expect(stderr).toMatch(
          /nothing was compared: 0 of 2 resources of "web" \(net\.a: (the source has no data|no answer)/,
        );
      }
      const { code, stderr } = await stack.run(['stack', 'state', 'drift', 'watch', 'web', ...source]);
      expect(code).toBe(2);
      expect(stderr).toContain('nothing was compared');
    }
    const { error } = JSON.parse((await stack.drift('--probe', '--exit-code', '--output', 'json')).stdout);
    expect(error).toMatchObject({
      code: 'NOTHING_COMPARED',
      details: { field: 'source', compared: 0, not_compared: 2, passed_over: ['net.a', 'net.b'], failed: [] },
    });
  });

  test('with a source that lacks some resources it is 1, and 0 with --allow-partial; found drift is 6', async () => {
    const stack = await stackOf([net('a'), net('b')]);
    const some = actual(stack.folder, { 'net.a': {} });
    const { code, stdout } = await stack.drift('--actual', some, '--exit-code');
    expect(code).toBe(1);
    expect(stdout).toContain('1 compared, 1 not compared\n  net.b: the source has no data for it\n');
    expect((await stack.drift('--actual', some, '--exit-code', '--allow-partial')).code).toBe(0);
    expect((await stack.drift('--actual', some)).code).toBe(0);
    actual(stack.folder, { 'net.a': null });
    expect((await stack.drift('--actual', some, '--exit-code')).code).toBe(6);
    expect((await stack.drift('--actual', some, '--exit-code', '--allow-partial')).code).toBe(6);
  });

  test('with a resource that could not be read it is 1, also with --allow-partial', async () => {
    const { inside, outside } = folders();
    const stack = await stackOf([
      file('in', join(inside, 'file'), {}),
      file('out', join(outside, 'shadow'), {}),
      net('a'),
    ]);
    const probe = ['--probe', '--probe-path', inside, '--exit-code'];
    for (const flags of [[], ['--allow-partial']]) {
      const { code, stdout } = await stack.drift(...probe, ...flags);
      expect(code).toBe(1);
      expect(stdout).toContain('1 compared, 2 not compared\n  file.out: "path" is outside');
    }
  });

  test('lists the first 20 of many resources that the source lacks', async () => {
    const stack = await stackOf(Array.from({ length: 30 }, (_, n) => net(`n${n + 10}`)));
    const { stdout } = await stack.drift('--actual', actual(stack.folder, { 'net.n10': {} }));
    expect(stdout).toContain('1 compared, 29 not compared\n  net.n11: ');
    expect(stdout).toMatch(/net\.n30: the source has no data for it\n {2}… and 9 more\n/);
  });

  test('with a source that names resources of a stack without any it is refused, and so is watch', async () => {
    const stack = await stackOf([]);
    const plan = join(stack.folder, 'plan.json');
    const values = { root_module: { resources: [{ address: 'net.a', values: {} }] } };
    writeFileSync(plan, JSON.stringify({ format_version: '1.2', prior_state: { values } }));
    for (const source of [
      ['--actual', actual(stack.folder, { 'net.a': {} })],
      ['--actual', actual(stack.folder, { 'net.a': {} }), '--complete'],
      ['--terraform-plan', plan],
    ]) {
      for (const flags of [[], ['--allow-partial']]) {
        const { code, stdout, stderr } = await stack.drift(...source, '--exit-code', ...flags);
        expect({ source, code, stdout }).toEqual({ source, code: 2, stdout: '' });
        expect(stderr).toContain('nothing was compared: 0 of 0 resources of "web" (net.a: the source names it');
        expect(stderr).toContain('Check the name of the stack');
      }
      expect(await stack.run(['stack', 'state', 'drift', 'watch', 'web', ...source])).toMatchObject({ code: 2 });
      expect((await stack.drift(...source)).code).toBe(0);
    }
  });

  test('with a source that names nothing either, of a stack without resources, it is 0', async () => {
    const stack = await stackOf([]);
    for (const source of [['--probe'], ['--actual', actual(stack.folder, {}), '--complete']]) {
      const { code, stdout } = await stack.drift(...source, '--exit-code');
      expect({ code, stdout }).toEqual({ code: 0, stdout: 'No drift recorded.\n\n0 compared\n' });
    }
  });
});
