import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DATABASE_USE } from '../../src/cli/database-use.js';
import { StateBackend } from '../../src/index.js';
import { commandLine } from '../support/cli.js';
import { scratchFolder } from '../support/folder.js';
import { emptySchema, onServer } from '../support/postgres.js';

const MANIFEST = new URL('../../oclif.manifest.json', import.meta.url);
const EXAMPLES = new URL('../../examples/', import.meta.url).pathname;
const STATE = new URL('../fixtures/terraform/', import.meta.url).pathname;

interface ManifestCommand {
  readonly args?: Record<string, { readonly required?: boolean }>;
  readonly flags?: Record<string, { readonly required?: boolean; readonly options?: readonly string[] }>;
}
const COMMANDS = (JSON.parse(readFileSync(MANIFEST, 'utf8')) as { commands: Record<string, ManifestCommand> }).commands;

const commandsThat = (...uses: readonly string[]): string[] =>
  Object.entries(DATABASE_USE)
    .filter(([, use]) => uses.includes(use))
    .map(([id]) => id);

/** What each command needs beside what the manifest says that it needs. */
const MORE: Readonly<Record<string, readonly string[]>> = {
  'stack:apply': ['--file', join(EXAMPLES, 'desired.yaml')],
  'stack:resource:set': ['-p', 'a=1'],
  'stack:state:drift': ['--actual', join(EXAMPLES, 'actual.yaml')],
  'stack:state:drift:ignore': ['t.a'],
  'stack:state:drift:watch': ['--actual', join(EXAMPLES, 'actual.yaml')],
  'stack:state:unlock': ['--lock-id', 'x'],
};

/** A whole command line of a command, by what the manifest says that it needs. */
function wordsOf(id: string): string[] {
  const { args = {}, flags = {} } = COMMANDS[id] as ManifestCommand;
  const more = MORE[id] ?? [];
  const values = Object.entries(args).flatMap(([name, { required }], index) =>
    required ? [name === 'rule' ? '1' : `t.a${index}`] : [],
  );
  const needed = Object.entries(flags).flatMap(([name, { required, options }]) =>
    required && !more.includes(`--${name}`) ? [`--${name}`, options?.[0] ?? '1'] : [],
  );
  return [...id.split(':'), ...values, ...needed, ...more];
}

/** What creates a database that it judges itself. */
const OWN = ['audit:import', 'copy', 'restore', 'stack:migrate'];

const listOf = (folder: string): string[] => readdirSync(folder);

test('every command declares its use of a missing database', () => {
  expect(Object.keys(DATABASE_USE).sort()).toEqual(Object.keys(COMMANDS).sort());
});

describe('a named database that does not exist', () => {
  test.each(commandsThat('existing', 'listing'))('%s: exit 3, and no file is made', async (id) => {
    const folder = scratchFolder();
    const path = join(folder, 'deeper', 'mistyped.db');
    for (const how of ['--db', 'SLOTH_RUNNER_DB'] as const) {
      const cli = commandLine(how === '--db' ? join(folder, 'other.db') : path);
      const { code, stdout, stderr } = await cli.run([
        ...wordsOf(id),
        ...(how === '--db' ? ['--db', path] : []),
        '--output',
        'json',
      ]);
      expect({ code, stderr }).toEqual({ code: 3, stderr: id === 'audit:export' ? expect.any(String) : '' });
      expect(JSON.parse(stdout).error).toMatchObject({
        code: 'DATABASE_NOT_FOUND',
        message: `there is no database: ${path} (named by ${how})`,
        hint: expect.stringContaining('stack new'),
        details: { field: 'db', database: path },
      });
      expect(listOf(folder)).toEqual([]);
    }
  });

  test('an empty file holds no database either, and stays empty', async () => {
    const path = join(scratchFolder(), 'empty.db');
    writeFileSync(path, '');
    const { code } = await commandLine(path).run(['audit', 'verify']);
    expect({ code, size: statSync(path).size }).toEqual({ code: 3, size: 0 });
    await commandLine(path).text('stack', 'new', 'web');
  });

  test('is named by a file: SLOTH_RUNNER_DB_FILE', async () => {
    const folder = scratchFolder();
    const [name, path] = [join(folder, 'name'), join(folder, 'none.db')];
    writeFileSync(name, `${path}\n`);
    const cli = commandLine('', { SLOTH_RUNNER_DB: undefined, SLOTH_RUNNER_DB_FILE: name });
    const { code, stderr } = await cli.run(['stack', 'state', 'list']);
    expect(code).toBe(3);
    expect(stderr).toContain(`${path} (named in ${name})`);
    expect(existsSync(path)).toBe(false);
  });

  test('is the source of a copy', async () => {
    const folder = scratchFolder();
    const [from, to] = [join(folder, 'none.db'), join(folder, 'to.db')];
    const { code, stderr } = await commandLine().run(['copy', '--from', from, '--to', to]);
    expect({ code, files: listOf(folder) }).toEqual({ code: 3, files: [] });
    expect(stderr).toContain(from);
  });
});

describe('a default database that does not exist', () => {
  /** A user without a database of the system's, whose home is empty. */
  const newcomer = () => {
    const home = scratchFolder();
    return { home, cli: commandLine('', { SLOTH_RUNNER_DB: undefined, HOME: home }) };
  };
  const isFree = !existsSync('/etc/sloth-runner/stacks.db');

  test.runIf(isFree)('is an empty list of stacks, with a hint how to begin', async () => {
    const { home, cli } = newcomer();
    const { code, stdout, stderr } = await cli.run(['stack', 'state', 'list', '--output', 'json']);
    expect({ code, stdout: JSON.parse(stdout) }).toEqual({ code: 0, stdout: { stacks: [] } });
    expect(stderr).toMatch(/^There is no database yet \(.*stacks\.db\)\. Begin with: sloth-runner stack new NAME\n$/);
    expect(listOf(home)).toEqual([]);
    expect(existsSync('/etc/sloth-runner/stacks.db')).toBe(false);
    expect(homedir()).not.toBe(home);
  });

  test.runIf(isFree)('is refused by all other commands', async () => {
    const { home, cli } = newcomer();
    for (const command of [['audit', 'verify'], ['doctor'], ['stack', 'state', 'show', 'web']]) {
      const { code, stderr } = await cli.run(command);
      expect(code).toBe(3);
      expect(stderr).toContain('Create it with: sloth-runner stack new NAME');
    }
    expect(listOf(home)).toEqual([]);
  });
});

describe('a command that creates a database', () => {
  const created = (path: string) => ({ code: 0, stderr: `Created database ${path}.\n` });

  /** A database that holds something, a backup and an export of it. */
  async function sources() {
    const folder = scratchFolder();
    const cli = commandLine(join(folder, 'first.db'));
    await cli.text('stack', 'new', 'web');
    const [backup, log] = [join(folder, 'backup.db'), join(folder, 'log.jsonl')];
    await cli.text('backup', backup);
    await cli.text('audit', 'export', log);
    return { first: cli.db, backup, log };
  }

  test('reports it once on standard error, and creates its folders', async () => {
    const { first, backup, log } = await sources();
    const commands: [id: string, words: (path: string) => string[]][] = [
      ['stack:new', () => ['stack', 'new', 'web']],
      ['stack:import', () => ['stack', 'import', 'web', '--from', 'terraform', terraformState()]],
      ['audit:import', () => ['audit', 'import', log]],
      ['restore', () => ['restore', backup, '--yes']],
      [
        'stack:migrate',
        (path) => ['stack', 'migrate', '--source', legacyState(), '--report', `${path}.report`, '--overwrite'],
      ],
      ['copy', (path) => ['copy', '--from', first, '--to', path]],
    ];
    const creating = [...commandsThat('creates'), ...OWN].filter((id) => id !== 'serve');
    expect(commands.map(([id]) => id).sort()).toEqual(creating.sort());
    for (const [id, words] of commands) {
      const path = join(scratchFolder(), ...(id === 'stack:new' ? ['a', 'b'] : []), 'made.db');
      const cli = commandLine(path);
      const { code, stdout, stderr } = await cli.run([...words(path), '--output', 'json']);
      expect({ id, code: id === 'stack:migrate' ? 0 : code, stderr }).toEqual({ id, ...created(path) });
      JSON.parse(stdout);
      expect(statSync(path).mode & 0o777).toBe(0o600);
      const again = await cli.run([...words(path), '--output', 'json']);
      expect(again.stderr).toBe('');
    }
  }, 120_000);

  test('with --dry-run creates nothing, and plans as for an empty one', async () => {
    const folder = scratchFolder();
    const path = join(folder, 'none.db');
    const cli = commandLine(path);
    const planned = await cli.json('stack', 'import', 'web', '--from', 'terraform', terraformState(), '--dry-run');
    expect(planned.changes.length ?? Object.keys(planned.changes).length).toBeGreaterThan(0);
    expect((await cli.run(['stack', 'migrate', '--source', legacyState(), '--dry-run'])).stderr).toBe('');
    expect((await cli.run(['stack', 'apply', 'web', '-f', join(EXAMPLES, 'desired.yaml'), '--dry-run'])).code).toBe(3);
    expect(listOf(folder)).toEqual([]);
  });

  test('prints only the error as JSON if its input is refused', async () => {
    const cli = commandLine(join(scratchFolder(), 'none.db'));
    const { code, stderr } = await cli.run([
      'stack',
      'import',
      'web',
      '--from',
      'terraform',
      EXAMPLES,
      '--output',
      'json',
    ]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' });
    expect(existsSync(cli.db)).toBe(false);
  });
});

describe('a command that may create a database', () => {
  /** Files that are wrong in one way each. */
  async function wrongFiles() {
    const folder = scratchFolder();
    const cli = commandLine(join(folder, 'first.db'));
    await cli.text('stack', 'new', 'web');
    await cli.text('stack', 'resource', 'set', 'web', 'a.b', '-p', 'n=1');
    const [log, backup] = [join(folder, 'log.jsonl'), join(folder, 'backup.db')];
    await cli.text('audit', 'export', log);
    await cli.text('backup', backup);
    const text = readFileSync(log, 'utf8');
    const lines = text.trimEnd().split('\n');
    const write = (name: string, content: string | Buffer): string => {
      const path = join(folder, name);
      writeFileSync(path, content);
      return path;
    };
    const damaged = readFileSync(backup);
    damaged.fill(0xff, damaged.length / 2);
    return {
      missing: join(folder, 'none'),
      junk: write('junk', 'junk\n'),
      empty: write('empty', ''),
      notJson: write('bad.json', '{'),
      cut: write('cut.jsonl', `${lines.slice(0, -1).join('\n')}\n`),
      tampered: write('tampered.jsonl', text.replace('\\"n\\":1', '\\"n\\":2')),
      damagedBackup: write('damaged.db', damaged),
    };
  }
  type Files = Awaited<ReturnType<typeof wrongFiles>>;

  /** By command: what it refuses, whatever database it is used on. */
  const REFUSED: Readonly<Record<string, (files: Files) => readonly (readonly string[])[]>> = {
    'audit:import': ({ missing, junk, empty, notJson, cut, tampered }) =>
      [missing, junk, empty, notJson, cut, tampered].map((file) => [file]),
    copy: ({ missing, junk }) => [
      ['--from', missing],
      ['--from', junk],
    ],
    restore: ({ missing, junk, empty, damagedBackup }) =>
      [missing, junk, empty, damagedBackup].map((file) => [file, '--yes']),
    serve: ({ missing, junk }) => [
      ['--listen', 'junk'],
      ['--listen', '127.0.0.1:99999'],
      ['--listen', '0.0.0.0:0'],
      ['--listen', '127.0.0.1:0', '--tokens', missing],
      ['--listen', '127.0.0.1:0', '--trust-proxy', 'junk'],
      ['--listen', '127.0.0.1:0', '--lock-ttl', '8d'],
      ['--listen', '127.0.0.1:0', '--tls-cert', junk, '--tls-key', missing],
      ['--listen', '127.0.0.1:0', '--tls-cert', junk, '--tls-key', junk],
      ['--listen', '127.0.0.1:0', '--max-connections', '999999999'],
    ],
    'stack:import': ({ missing, junk, notJson }) =>
      ['terraform', 'pulumi']
        .flatMap((tool) =>
          [missing, junk, notJson]
            .map((file) => ['web', '--from', tool, file])
            .concat([['', '--from', tool, terraformState()]]),
        )
        .concat([['web', '--from', 'terraform', terraformState(), '--if-version', '5']]),
    'stack:migrate': ({ missing, junk }) => [
      ['--source', missing],
      ['--source', junk],
      ['--source', legacyState(), '--report', join(missing, 'report.json')],
      ['--source', legacyState(), '--strict'],
      ['--source', legacyState(), '--actor', ''],
    ],
    'stack:new': ({ missing, junk }) => [
      [''],
      ['a\u200bb'],
      ['x'.repeat(256)],
      ['web', '--actor', ''],
      ['web', '--id', ''],
      ['web', '--config', missing],
      ['web', '--config', junk],
    ],
    'token:create': () => [
      ['', '--role', 'read'],
      ['ci', '--role', 'read', '--stack', ''],
      ['ci', '--role', 'read', '--allow', 'force-unlock'],
      ['ci', '--role', 'read', '--expires', '0s'],
      ['ci', '--role', 'read', '--actor', ''],
    ],
  };

  test('has a case of refused input in this test', () => {
    expect(Object.keys(REFUSED).sort()).toEqual([...commandsThat('creates'), ...OWN, 'token:create'].sort());
  });

  test.each(Object.keys(REFUSED))(
    '%s creates nothing where its input is wrong',
    async (id) => {
      const files = await wrongFiles();
      for (const words of (REFUSED[id] as (typeof REFUSED)[string])(files)) {
        const folder = scratchFolder();
        const path = join(folder, 'deeper', 'new.db');
        const to = id === 'copy' ? ['--to', path] : [];
        const { code, stdout, stderr } = await commandLine(path).run([...id.split(':'), ...words, ...to]);
        expect({ words, code: code !== 0, stdout, made: listOf(folder) }).toEqual({
          words,
          code: true,
          stdout: '',
          made: [],
        });
        expect(stderr).toMatch(/^Error: /m);
        expect(stderr).not.toMatch(/Created|bug|partial-/);
      }
    },
    120_000,
  );

  test('serve creates no token file when it is refused', async () => {
    const cli = commandLine();
    await cli.text('stack', 'new', 'web');
    const { stderr } = await cli.run(['serve', '--listen', '0.0.0.0:0']);
    expect(stderr).toContain('there is no token yet');
    expect(existsSync(`${cli.db}.tokens`)).toBe(false);
  });

  test('audit import leaves a server unchanged if the log is invalid', async () => {
    const { cut, tampered, junk } = await wrongFiles();
    const url = await emptySchema();
    for (const file of [cut, tampered, junk]) {
      expect((await commandLine(url).run(['audit', 'import', file])).code).not.toBe(0);
    }
    const tables = await onServer(url, (client) =>
      client.query('SELECT count(*)::int AS n FROM pg_class WHERE relnamespace = current_schema()::regnamespace'),
    );
    expect(tables.rows).toEqual([{ n: 0 }]);
  });
});

describe('a token file that does not exist', () => {
  test('is refused if --tokens or the database is mistyped, and nothing is created', async () => {
    const cli = commandLine();
    const none = join(scratchFolder(), 'none.tokens');
    for (const command of [['list'], ['revoke', 'ci']]) {
      const { code, stdout } = await cli.run(['token', ...command, '--tokens', none, '--output', 'json']);
      expect({ code, error: JSON.parse(stdout).error.code }).toEqual({ code: 3, error: 'TOKENS_NOT_FOUND' });
    }
    const mistyped = await cli.run(['token', 'list', '--db', join(none, '..', 'none.db'), '--output', 'json']);
    expect(JSON.parse(mistyped.stdout).error).toMatchObject({ code: 'DATABASE_NOT_FOUND' });
    expect(listOf(join(none, '..'))).toEqual([]);

    await cli.text('stack', 'new', 'web');
    expect(await cli.json('token', 'list')).toEqual({ tokens: [] });
    expect(existsSync(`${cli.db}.tokens`)).toBe(false);
    const served = await cli.run(['serve', '--listen', '127.0.0.1:0', '--tokens', none, '--output', 'json']);
    expect({ code: served.code, error: JSON.parse(served.stdout).error.code }).toEqual({
      code: 3,
      error: 'TOKENS_NOT_FOUND',
    });

    const made = await cli.run(['token', 'create', '--role', 'read']);
    expect(made.stderr).toContain(`Created file of tokens ${cli.db}.tokens.`);
    expect((await cli.run(['token', 'create', '--role', 'read'])).stderr).not.toContain('Created');
  });
});

describe('the library', () => {
  test('creates a database, unless create is false', async () => {
    const path = join(scratchFolder(), 'a', 'x.db');
    const refused = { name: 'NotFoundError', code: 'DATABASE_NOT_FOUND', exitCode: 3 };
    await expect(StateBackend.open(path, { create: false })).rejects.toMatchObject(refused);
    expect(existsSync(join(path, '..'))).toBe(false);
    await using made = await StateBackend.open(path);
    await using again = await StateBackend.open(path, { create: false });
    expect([made.created, again.created]).toEqual([true, false]);
  });

  test('leaves a server unchanged if its database has no tables of ours', async () => {
    const url = await emptySchema();
    const refused = { name: 'NotFoundError', code: 'DATABASE_NOT_FOUND' };
    for (const skipRebuild of [false, true]) {
      await expect(StateBackend.open(url, { create: false, skipRebuild })).rejects.toMatchObject(refused);
    }
    for (const command of [
      ['audit', 'verify'],
      ['stack', 'state', 'list'],
      ['stack', 'state', 'lock', 'x'],
    ]) {
      const { code, stdout } = await commandLine(url).run([...command, '--output', 'json']);
      expect({ code, error: JSON.parse(stdout).error.code }).toEqual({ code: 3, error: 'DATABASE_NOT_FOUND' });
    }
    const { code } = await commandLine().run(['copy', '--from', url, '--to', join(scratchFolder(), 'to.db')]);
    expect(code).toBe(3);
    const tables = await onServer(url, (client) =>
      client.query('SELECT count(*)::int AS n FROM pg_class WHERE relnamespace = current_schema()::regnamespace'),
    );
    expect(tables.rows).toEqual([{ n: 0 }]);
    const { stderr } = await commandLine(url).run(['stack', 'new', 'web']);
    expect(stderr).toMatch(/^Created database postgres:/);
    await using backend = await StateBackend.open(url, { create: false });
    expect(backend.created).toBe(false);
  });
});

/** The first state file of the fixtures. */
function terraformState(): string {
  const [name] = readdirSync(STATE).filter((one) => one.endsWith('.tfstate'));
  return join(STATE, name as string);
}
const legacyState = (): string => join(EXAMPLES, 'workflow-state.db');
