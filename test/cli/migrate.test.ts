import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commandLine } from '../support/cli.js';
import { scratchFolder } from '../support/folder.js';
import { makeLegacy } from '../support/legacy.js';
import { withoutSqlite3 } from '../support/sqlite3.js';

const FIXTURE = new URL('../fixtures/legacy/state.db', import.meta.url).pathname;

/** A home in which the old system left its database. */
function home(source = FIXTURE) {
  const folder = scratchFolder();
  mkdirSync(join(folder, '.sloth-runner'));
  const old = join(folder, '.sloth-runner', 'state.db');
  copyFileSync(source, old);
  const cli = commandLine(join(folder, 'stacks.db'), { HOME: folder });
  return { folder, old, cli, report: join(dirname(cli.db), 'migration_report.json') };
}

function clean(): string {
  const source = join(scratchFolder(), 'clean.db');
  makeLegacy(source, { workflows: 3, resources: 3, seed: 1, clean: true });
  return source;
}

describe('the command lines of the specification', () => {
  test('stack migrate --source --target', async () => {
    const { cli, old, folder } = home(clean());
    const target = join(folder, 'etc', 'stacks.db');
    const text = await cli.text('stack', 'migrate', '--source', old, '--target', target);
    expect(text).toMatch(/Taken in: 3 stacks, \d+ events/);
    expect(text).toContain('Verified: 3 of 3 stacks equal the source; the log and its tables hold.');
    expect(existsSync(join(folder, 'etc', 'migration_report.json'))).toBe(true);
    expect(existsSync(cli.db)).toBe(false);
    expect(await cli.text('stack', 'state', 'list', '--db', target)).toContain('deploy-2');
  });

  test('stack migrate --dry-run', async () => {
    const { cli, report } = home(clean());
    expect(await cli.text('stack', 'migrate', '--dry-run')).toContain('Nothing was changed.');
    expect(existsSync(cli.db)).toBe(false);
    expect(existsSync(report)).toBe(false);
  });

  test.skipIf(withoutSqlite3())('stack migrate --generate-script', async () => {
    const { cli, folder } = home(clean());
    const script = join(folder, 'migration.sql');
    const printed = await cli.text('stack', 'migrate', '--generate-script', script);
    const [, command = ''] = /^Script: run it with: (\(umask 077; sqlite3 .*\))$/m.exec(printed) ?? [];
    expect(existsSync(cli.db)).toBe(false);
    expect(await cli.run(['stack', 'migrate', '--generate-script', script])).toMatchObject({ code: 5 });
    await cli.text('stack', 'migrate', '--generate-script', script, '--overwrite');
    execFileSync('sh', ['-c', command]);
    expect(statSync(cli.db).mode & 0o777).toBe(0o600);
    expect(await cli.text('audit', 'verify')).toContain('hold');
  });
});

describe('the report', () => {
  test('is written beside the target, with the fields of the original, and printed as JSON', async () => {
    const { cli, report, old } = home();
    const { code, stdout } = await cli.run(['stack', 'migrate', '--yes', '--output', 'json']);
    expect(code).toBe(1); // rows of a workflow that is gone
    const printed = JSON.parse(stdout);
    expect(JSON.parse(readFileSync(report, 'utf8'))).toEqual(printed);
    expect(printed).toMatchObject({
      stacks_migrated: 17,
      resources_migrated: 99,
      outputs_migrated: 16,
      errors: [expect.stringContaining('r-orphan'), expect.stringContaining('wf-gone/k')],
      by: 'tester',
      source: old,
      target: cli.db,
      verification: { holds: true, audit: { holds: true } },
    });
    expect(Date.parse(printed.end_time)).toBeGreaterThanOrEqual(Date.parse(printed.start_time));
    expect(printed.duration).toBeGreaterThan(0);
    expect(printed.verification.stacks).toHaveLength(17);
  });

  test('is written to the file of --report', async () => {
    const { cli, report, folder } = home(clean());
    const file = join(folder, 'elsewhere.json');
    await cli.text('stack', 'migrate', '--report', file, '--no-verify');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ verification: null });
    expect(existsSync(report)).toBe(false);
  });

  test('replaces no existing file without --overwrite', async () => {
    const { cli, folder } = home(clean());
    const file = join(folder, 'mine.json');
    writeFileSync(file, 'mine');
    for (const how of [[], ['--dry-run'], ['--generate-script', join(folder, 'x.sql')]]) {
      const { code, stderr } = await cli.run(['stack', 'migrate', ...how, '--report', file]);
      expect({ code, kept: readFileSync(file, 'utf8'), made: existsSync(cli.db) }).toEqual({
        code: 5,
        kept: 'mine',
        made: false,
      });
      expect(stderr).toContain(`report: there is a file of this name already: ${file}`);
      expect(stderr).toContain('--overwrite');
    }
    expect(existsSync(join(folder, 'x.sql'))).toBe(false);
    await cli.text('stack', 'migrate', '--report', file, '--overwrite');
    expect(JSON.parse(readFileSync(file, 'utf8')).stacks_migrated).toBe(3);
    const same = await cli.run(['stack', 'migrate', '--report', cli.db, '--overwrite', '--output', 'json']);
    expect(JSON.parse(same.stdout).error.code).toBe('TARGET_IS_DATABASE');
    expect((await cli.run(['stack', 'migrate', '--overwrite'])).code).toBe(2);
  });

  test('gets another name if the default one belongs to another migration, and replaces its own', async () => {
    const { cli, report, folder } = home(clean());
    writeFileSync(report, 'mine');
    const second = join(folder, 'migration_report-2.json');
    const third = join(folder, 'migration_report-3.json');
    expect(await cli.text('stack', 'migrate', '--no-verify')).toContain(`Report: ${second}`);
    expect(await cli.text('stack', 'migrate', '--no-verify')).toContain(`Report: ${second}`);
    const other = await cli.text('stack', 'migrate', '--no-verify', '--target', join(folder, 'other.db'));
    expect(other).toContain(`Report: ${third}`);
    expect(readFileSync(report, 'utf8')).toBe('mine');
  });

  test('shows the outcome of rows, with their texts escaped', async () => {
    const { cli } = home();
    const { stdout } = await cli.run(['stack', 'migrate']);
    expect(stdout).toMatch(/rejected +workflow_resources r-orphan +there is no workflow "wf-gone" +not taken/);
    expect(stdout).toMatch(
      /repaired +workflow_states wf-dup +another stack is called deploy-0 +became "deploy-0-wf-dup"/,
    );
    expect(stdout).toMatch(/^workflow_states +17 +12 +5 +0 +0$/m);
    expect(stdout).not.toContain('\u001b');
  });
});

test('a rejected workflow does not count as a stack that equals the source', async () => {
  const { cli, report } = home(clean());
  await cli.text('stack', 'new', 'other', '--id', 'wf-00000');
  const { code, stdout } = await cli.run(['stack', 'migrate', '--yes']);
  expect(code).toBe(1);
  expect(stdout).toContain('Verified: 2 of 2 stacks equal the source; 1 workflow was rejected; the log');
  const { stacks } = JSON.parse(readFileSync(report, 'utf8')).verification;
  expect(stacks.map(({ equal }: { equal: boolean | null }) => equal)).toEqual([null, true, true]);
  expect(stacks[0]).toMatchObject({ workflow: 'wf-00000', stack: null, differences: [] });
});

describe('refused migrations', () => {
  test.each([
    ['a source that is not there', ['--source', '/nowhere/old.db'], 3, 'SOURCE_NOT_FOUND'],
    ['a source that is none', ['--source', new URL(import.meta.url).pathname], 2, 'NOT_A_LEGACY_DATABASE'],
    ['awkward rows, where it is strict', ['--strict'], 2, 'MIGRATION_STRICT'],
    ['a target in memory', ['--target', ':memory:'], 2, 'NOT_A_FILE'],
    ['a script and a dry run at once', ['--dry-run', '--generate-script', 'x.sql'], 2, 'USAGE'],
  ])('%s', async (_, flags, code, error) => {
    const { cli } = home();
    const result = await cli.run(['stack', 'migrate', ...flags, '--output', 'json']);
    expect(result.code).toBe(code);
    expect(JSON.parse(result.stdout)).toMatchObject({ error: { code: error } });
    expect(existsSync(cli.db)).toBe(false);
  });
});
