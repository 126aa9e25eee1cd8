import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { commandProcesses, type Result } from '../support/cli.js';
import { provenLog, spoilByte, until } from '../support/database.js';
import { type Fault, faults, withoutCompiler } from '../support/faults.js';
import { scratchFolder } from '../support/folder.js';
import { asking } from '../support/server.js';

const BIN = new URL('../../bin/run.cjs', import.meta.url).pathname;
const LEGACY = new URL('../../examples/workflow-state.db', import.meta.url).pathname;

/** A database with a stack `web`, a backup and an export of it, and a file of tokens. */
async function prepared() {
  const cli = commandProcesses();
  await cli.text('stack', 'new', 'web');
  for (let n = 0; n < 3; n += 1) await cli.text('stack', 'resource', 'set', 'web', 't.a', '-p', `n=${n}`);
  await cli.text('token', 'create', 'ci', '--role', 'read');
  const folder = scratchFolder();
  const [backup, log, source] = [join(folder, 'b.backup'), join(folder, 'log.jsonl'), join(folder, 'old.state')];
  await cli.text('backup', backup);
  await cli.text('audit', 'export', log);
  copyFileSync(LEGACY, source);
  const old = new Database(source);
  old.exec("DELETE FROM workflow_resources WHERE id = 'r-orphan'"); // what is left migrates without an error
  old.close();
  return { cli, folder, backup, log, source };
}

const codeIn = ({ stdout }: Result): string => JSON.parse(stdout).error.code;

async function failing(db: string, fault: Fault, ...args: readonly string[]): Promise<Result> {
  return commandProcesses(db, faults(fault).env).run([...args, '--output', 'json']);
}

describe.skipIf(withoutCompiler())('a disk that fails', () => {
  test('an unreadable page is DISK_ERROR in every command, whichever page it is', async () => {
    const { cli, folder } = await prepared();
    const commands = [
      ['stack', 'state', 'list'],
      ['stack', 'state', 'show', 'web'],
      ['stack', 'state', 'versions', 'web'],
      ['audit', 'verify'],
      ['audit', 'log'],
      ['projections', 'rebuild'],
      ['stack', 'resource', 'set', 'web', 't.a', '-p', 'n=9'],
      ['doctor'],
    ];
    for (const command of commands) {
      // Once, and then for ever; until so many calls succeed that the command never meets it.
      for (const times of [1, 0]) {
        let met = 0;
        for (let after = 0; after < 40; after += times === 0 ? 7 : 3) {
          const result = await failing(cli.db, { call: 'read', file: '.db', error: 'EIO', after, times }, ...command);
          if (result.code === 0) continue;
          met += 1;
          expect({ command, after, times, code: result.code, error: codeIn(result) }).toMatchObject({
            code: 1,
            error: 'DISK_ERROR',
          });
        }
        expect(met).toBeGreaterThan(0);
      }
    }
    const made = join(folder, 'made.backup');
    const backup = await failing(cli.db, { call: 'read', file: '.db', error: 'EIO', after: 12 }, 'backup', made);
    expect(backup.code === 0 || codeIn(backup) === 'DISK_ERROR').toBe(true);
    await cli.text('audit', 'verify');
  }, 240_000);

  test('a damaged file is still reported as damaged', async () => {
    const { cli } = await prepared();
    const page = 8_192;
    for (let at = page; at < statSync(cli.db).size; at += page) spoilByte(cli.db, at, 0xff);
    const result = await cli.run(['audit', 'verify', '--output', 'json']);
    expect(result.code).toBe(7);
    expect(result.stdout).not.toContain('DISK_ERROR');
  });

  test.each([
    ['a backup', 'restore', (one: Prepared) => ['restore', one.backup, '--yes'], 'b.backup'],
    ['an export', 'audit import', (one: Prepared) => ['audit', 'import', one.log], 'log.jsonl'],
    ['tokens', 'token list', () => ['token', 'list'], '.tokens'],
    [
      'an old state',
      'migrate',
      (one: Prepared) => ['stack', 'migrate', '--dry-run', '--source', one.source],
      'old.state',
    ],
  ])(
    '%s that cannot be read is neither damage nor a bug: %s',
    async (_, __, argsOf, file) => {
      const one = await prepared();
      let met = 0;
      for (let after = 0; after < 6; after += 1) {
        const db = file === 'log.jsonl' ? join(one.folder, `fresh-${after}.db`) : one.cli.db;
        const result = await failing(db, { call: 'read', file, error: 'EIO', after }, ...argsOf(one));
        if (result.code === 0) continue;
        met += 1;
        expect({ after, code: result.code, error: codeIn(result) }).toEqual({ after, code: 1, error: 'DISK_ERROR' });
      }
      expect(met).toBeGreaterThan(0);
    },
    60_000,
  );

  test('no space is DISK_FULL, changes nothing, and the next command succeeds', async () => {
    const { cli } = await prepared();
    const set = ['stack', 'resource', 'set', 'web', 't.a', '-p', 'n=9'];
    const refused = await failing(cli.db, { call: 'write', file: '.db-wal', error: 'ENOSPC' }, ...set);
    expect(refused).toMatchObject({ code: 1 });
    expect(codeIn(refused)).toBe('DISK_FULL');
    expect(await cli.json('stack', 'state', 'show', 'web')).toMatchObject({ resource_version: '4' });
    await cli.text(...set);
    await provenLog(cli.db);
  });

  test('a commit with a failed flush is refused, and afterwards stored completely or not at all', async () => {
    const { cli } = await prepared();
    for (let after = 0; after < 3; after += 1) {
      const before = (await cli.json('audit', 'head')).position as number;
      const result = await failing(
        cli.db,
        { call: 'sync', file: '.db-wal', error: 'EIO', after, times: 1 },
        ...['stack', 'resource', 'set', 'web', `t.b${after}`, '-p', 'n=1'],
      );
      const log = await provenLog(cli.db);
      if (result.code === 0) expect(log.length).toBeGreaterThan(before);
      else {
        expect(codeIn(result)).toBe('DISK_ERROR');
        expect([before, before + 1]).toContain(log.length);
      }
    }
  });

  test('no files left is TOO_MANY_FILES, and the next command succeeds', async () => {
    const { cli } = await prepared();
    const refused = await failing(cli.db, { call: 'open', file: '.db', error: 'EMFILE' }, 'stack', 'state', 'list');
    expect(codeIn(refused)).toBe('TOO_MANY_FILES');
    await cli.text('stack', 'state', 'list');
  });

  test('descriptors that run out at any number never end in a bug, in damage or in READ_ONLY', async () => {
    const { cli } = await prepared();
    const set = ['stack', 'resource', 'set', 'web', 't.a', '-p', 'n=9', '--output', 'json'];
    let refused = 0;
    for (let limit = 19; limit < 30; limit += 1) {
      const { status, stdout, stderr } = spawnSync(
        'sh',
        ['-c', `ulimit -n ${limit}; exec "$0" "$@"`, process.execPath, BIN, ...set, '--db', cli.db],
        { encoding: 'utf8' },
      );
      if (status === 0 || !stdout.startsWith('{')) continue; // Node itself could not start
      refused += 1;
      expect({ limit, code: JSON.parse(stdout).error.code, stderr }).toMatchObject({
        code: expect.stringMatching(/^(TOO_MANY_FILES|CANNOT_OPEN)$/),
      });
    }
    expect(refused).toBeGreaterThan(0);
    await cli.text('audit', 'verify');
  }, 60_000);

  test.each(['.db', '.db-wal', '.db-shm'])(
    'a process that cannot open %s for writing once does not stay READ_ONLY: it is refused, and opens again',
    async (file) => {
      const { cli } = await prepared();
      await using holder = await cli.open(); // so that the files beside it are there
      const { env } = faults({ call: 'openw', file, error: 'EMFILE', times: 1 });
      const script = `
        import { StateBackend } from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)};
        let refused;
        for (let n = 0; n < 2; n += 1) {
          try {
            const backend = await StateBackend.open(${JSON.stringify(cli.db)});
            await backend.addTag('web', 'x');
            await backend.close();
          } catch (error) { refused = error.code; }
        }
        console.log(refused);`;
      const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
        encoding: 'utf8',
        env: { ...process.env, ...env },
      });
      expect({ stdout, stderr }).toEqual({ stdout: 'CANNOT_OPEN\n', stderr: '' });
      expect(await holder.getTags('web')).toEqual(['x']);
    },
  );
});

type Prepared = Awaited<ReturnType<typeof prepared>>;

/** `serve` in a process whose system calls can be made to fail. */
async function serving(db: string) {
  const { env, set } = faults();
  const child = spawn(process.execPath, [BIN, 'serve', '--db', db, '--listen', '127.0.0.1:0', '--output', 'json'], {
    env: { ...process.env, ...env },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (stdout += piece));
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (stderr += piece));
  await until(() => stdout.includes('}') || child.exitCode !== null);
  const { url } = JSON.parse(stdout) as { url: string };
  const log = () =>
    stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  return { ask: asking(url), set, log, child };
}

describe.skipIf(withoutCompiler())('a server whose disk fails', () => {
  test('after a failed flush it refuses changes, still reads, reports it, and verifies the log', async () => {
    const { cli } = await prepared();
    const { ask, set, log } = await serving(cli.db);
    const tag = (name: string) => ask('POST', '/api/v1/commands/addTags', { stack: 'web', tags: [name] });
    const token = await cli.json('token', 'create', 'admin', '--role', 'admin');
    const headers = { authorization: `Bearer ${token.token}` };
    const send = (name: string) => ask('POST', '/api/v1/commands/addTags', { stack: 'web', tags: [name] }, headers);
    expect((await send('before')).status).toBe(200);
    expect((await tag('nobody')).status).toBe(401);
    expect((await ask('GET', '/readyz')).status).toBe(200);

    set({ call: 'sync', file: '.db-wal', error: 'EIO', times: 1 });
    const failed = await send('failed');
    expect(failed).toMatchObject({ status: 503, json: { code: 'DISK_ERROR' } });
    expect(failed.headers.get('retry-after')).toBe('5');

    // The disk is well again, as far as a process can tell.
    for (const name of ['after', 'later']) {
      expect(await send(name)).toMatchObject({
        status: 503,
        json: { code: 'WRITES_STOPPED', detail: expect.stringContaining('SQLITE_IOERR_FSYNC') },
      });
    }
    expect(await ask('GET', '/readyz')).toMatchObject({ status: 503, json: { code: 'WRITES_STOPPED' } });
    expect((await ask('GET', '/healthz')).status).toBe(200);
    const read = await ask('GET', '/api/v1/stacks/web/tags', undefined, headers);
    expect(read.status).toBe(200);
    expect(read.text).toContain('before');
    expect(read.text).not.toContain('later');
    await until(() => log().some(({ holds }) => holds === true));
    expect(log().filter(({ msg }) => /takes no more changes/.test(msg))).toHaveLength(1);

    // Another process writes on, and after a restart so does a server.
    await cli.text('stack', 'state', 'tags', 'add', 'web', 'other');
    const again = await serving(cli.db);
    expect(
      (await again.ask('POST', '/api/v1/commands/addTags', { stack: 'web', tags: ['again'] }, headers)).status,
    ).toBe(200);
    const tags = (await cli.json('stack', 'state', 'tags', 'list', 'web')).tags.map(({ tag }: { tag: string }) => tag);
    expect(tags).toEqual(['again', 'before', 'other']);
    await provenLog(cli.db);
  }, 60_000);

  test('an error of reading is 503 with its code, and the next request is answered', async () => {
    const { cli } = await prepared();
    const { ask, set } = await serving(cli.db);
    for (const path of ['/api/v1/stacks', '/api/v1/stacks/web', '/tfstate/web', '/readyz']) {
      set({ call: 'read', file: '.db', error: 'EIO' }, { call: 'read', file: '.db-wal', error: 'EIO' });
      const answer = await ask('GET', path);
      if (answer.status >= 500) expect(answer).toMatchObject({ status: 503, json: { code: 'DISK_ERROR' } });
      set();
      expect((await ask('GET', path)).status).toBeLessThan(500);
    }
  }, 60_000);

  test('no space left is 503 DISK_FULL, and does not stop writing', async () => {
    const { cli } = await prepared();
    const { ask, set } = await serving(cli.db);
    await cli.text('token', 'revoke', 'ci');
    const { token } = await cli.json('token', 'create', 'w', '--role', 'write');
    const send = (name: string) =>
      ask('POST', '/api/v1/commands/addTags', { stack: 'web', tags: [name] }, { authorization: `Bearer ${token}` });
    set({ call: 'write', file: '.db-wal', error: 'ENOSPC' });
    expect(await send('a')).toMatchObject({ status: 503, json: { code: 'DISK_FULL' } });
    set();
    expect((await send('b')).status).toBe(200);
  });
});

const NOBODY = 65_534;

describe.skipIf(process.getuid?.() !== 0)('a user without write permission', () => {
  /** The command line as another user: the code is readable by all, the database as its mode says. */
  const asNobody = (db: string, ...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args, '--db', db, '--output', 'json'], {
      uid: NOBODY,
      gid: NOBODY,
      cwd: '/',
      env: { PATH: process.env.PATH, HOME: '/nonexistent' },
      encoding: 'utf8',
    });
    return { code: status, stdout, stderr };
  };

  test('reads a file that may only be read; a write is READ_ONLY', async () => {
    const { cli } = await prepared();
    chmodSync(join(cli.db, '..'), 0o755);
    await using holder = await cli.open();
    await holder.addTag('web', 'x');
    for (const suffix of ['', '-wal', '-shm']) chmodSync(cli.db + suffix, 0o644);
    expect(asNobody(cli.db, 'stack', 'state', 'list')).toMatchObject({ code: 0 });
    const refused = asNobody(cli.db, 'stack', 'state', 'tags', 'add', 'web', 'y');
    expect({ ...refused, error: codeIn(refused) }).toMatchObject({ code: 1, error: 'READ_ONLY' });
  });

  test('a process that could only read writes once it may', async () => {
    const { cli } = await prepared();
    chmodSync(join(cli.db, '..'), 0o777);
    const files = ['', '-wal', '-shm'].map((suffix) => cli.db + suffix);
    await using holder = await cli.open();
    await holder.addTag('web', 'x');
    for (const file of files) chmodSync(file, 0o644);
    const steps = scratchFolder();
    chmodSync(steps, 0o777);
    const script = `
      import { StateBackend } from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)};
      import { existsSync, writeFileSync } from 'node:fs';
      const backend = await StateBackend.open(${JSON.stringify(cli.db)});
      const first = await backend.addTag('web', 'a').then(() => 'ok', ({ code }) => code);
      writeFileSync(${JSON.stringify(join(steps, 'refused'))}, '');
      while (!existsSync(${JSON.stringify(join(steps, 'may'))})) await new Promise((done) => setTimeout(done, 10));
      const second = await backend.addTag('web', 'b').then(() => 'ok', ({ code }) => code);
      console.log(first, second, (await backend.getTags('web')).join());`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      uid: NOBODY,
      gid: NOBODY,
      cwd: '/',
      env: { PATH: process.env.PATH },
    });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (out += text));
    const ended = new Promise((done) => child.on('close', done));
    await until(() => existsSync(join(steps, 'refused')) || child.exitCode !== null);
    for (const file of files) chmodSync(file, 0o666);
    writeFileSync(join(steps, 'may'), '');
    await ended;
    expect(out).toBe('READ_ONLY ok b,x\n');
  });

  test('a database in an inaccessible folder is CANNOT_OPEN, not missing', async () => {
    const { cli } = await prepared();
    chmodSync(join(cli.db, '..'), 0o700);
    for (const command of [['audit', 'verify'], ['doctor'], ['stack', 'state', 'list'], ['backup', '/tmp/never.db']]) {
      const refused = asNobody(cli.db, ...command);
      expect({ command, ...refused, error: codeIn(refused) }).toMatchObject({ code: 1, error: 'CANNOT_OPEN' });
    }
    chmodSync(join(cli.db, '..'), 0o755);
    for (const command of [['audit', 'verify'], ['doctor']]) {
      const refused = asNobody(cli.db, ...command); // a file of mode 0600
      expect({ command, ...refused, error: codeIn(refused) }).toMatchObject({ code: 1, error: 'CANNOT_OPEN' });
    }
  });
});

test('opening a database twice keeps the locks of the first connection', async () => {
  const cli = commandProcesses();
  await using first = await cli.open();
  await first.getStackManager().createStack({ name: 'web' });
  const { ino } = statSync(cli.db);
  const locks = () =>
    readFileSync('/proc/locks', 'utf8')
      .split('\n')
      .filter((line) => line.includes(` ${process.pid} `) && line.includes(`:${ino} `)).length;
  expect(locks()).toBe(1);
  await (await cli.open()).close();
  expect(locks()).toBe(1);
  expect(readdirSync(join(cli.db, '..'))).toContain('stacks.db-wal');
});
