import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { commandLine } from '../support/cli.js';
import { scratchFolder } from '../support/folder.js';

const BIN = new URL('../../bin/run.cjs', import.meta.url).pathname;
const MANIFEST = JSON.parse(readFileSync(new URL('../../oclif.manifest.json', import.meta.url), 'utf8')) as {
  readonly commands: Readonly<
    Record<string, { readonly args: Readonly<Record<string, { readonly required?: boolean }>> }>
  >;
};

/** Text that every command would understand as an argument: the name of a stack, of a token, of a projection. */
const PIPED = 'first\nsecond\nthird\n';

/** Runs a command and then `cat` on the same pipe: what `cat` prints is what the command left. */
function leftOver(folder: string, words: readonly string[]) {
  return new Promise<{ readonly left: string; readonly code: number; readonly said: string }>((resolve, reject) => {
    const child = spawn(
      'sh',
      ['-c', '"$0" "$@" >"$OUT" 2>&1; echo $? >"$OUT.code"; cat', process.execPath, BIN, ...words],
      {
        env: {
          PATH: process.env.PATH,
          HOME: folder,
          SLOTH_RUNNER_DB: join(folder, 'stacks.db'),
          SLOTH_RUNNER_ACTOR: 'tester',
          OUT: join(folder, 'out'),
        },
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    );
    let left = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (left += text));
    child.on('error', reject).on('close', () =>
      resolve({
        left,
        code: Number(readFileSync(join(folder, 'out.code'), 'utf8')),
        said: readFileSync(join(folder, 'out'), 'utf8'),
      }),
    );
    child.stdin.on('error', () => {}).end(PIPED);
  });
}

/** What makes a command end by itself that would otherwise run on, or needs another flag to get so far. */
const MORE: Readonly<Record<string, readonly string[]>> = {
  serve: ['--listen', 'nowhere'],
  'token:create': ['--role', 'read'],
  'stack:migrate': ['--source', '/nowhere'],
};

describe('standard input is read for `-` alone', () => {
  const commands = Object.entries(MANIFEST.commands);

  it.each(commands)('%s does not read a pipe as an argument', async (id, { args }) => {
    const folder = scratchFolder();
    const { left, code, said } = await leftOver(folder, [...id.split(':'), ...(MORE[id] ?? [])]);
    expect(left).toBe(PIPED);
    expect(said).not.toContain('first');
    if (Object.values(args).some(({ required }) => required)) {
      expect({ code, said }).toEqual({
        code: 2,
        said: expect.stringMatching(/Missing \d required arg|Missing required/),
      });
    }
  });

  it('`audit log` in a loop over names sees all of them, and prints the log of every stack', async () => {
    const cli = commandLine();
    for (const name of ['first', 'second', 'third']) await cli.text('stack', 'new', name);
    const loop = spawnSync(
      'bash',
      [
        '-c',
        'while read -r name; do echo "name $name"; "$0" "$1" audit log --output csv | tail -n +2 | wc -l; done',
        process.execPath,
        BIN,
      ],
      {
        input: PIPED,
        encoding: 'utf8',
        env: { PATH: process.env.PATH, HOME: process.env.HOME, SLOTH_RUNNER_DB: cli.db },
      },
    );
    expect(loop.stdout.split(/\s*\n\s*/)).toEqual(['name first', '3', 'name second', '3', 'name third', '3', '']);
  });

  it('is read for `-`', async () => {
    const cli = commandLine();
    await cli.text('stack', 'new', 'web');
    const result = await cli.run(['stack', 'apply', 'web', '-f', '-'], 'version: "7"\n');
    expect(result.code).toBe(0);
    expect(await cli.text('stack', 'state', 'show', 'web')).toContain('(7)');
  });
});

describe('a question', () => {
  test.each([
    ['stack delete', ['stack', 'delete', 'good']],
    ['restore', ['restore', 'BACKUP']],
  ])('of %s is not answered by what is piped in', async (_, words) => {
    const cli = commandLine();
    await cli.text('stack', 'new', 'good');
    const backup = join(scratchFolder(), 'backup.db');
    await cli.text('backup', backup);
    const before = await cli.json('audit', 'head');
    const { code, stderr } = await cli.run(
      words.map((word) => (word === 'BACKUP' ? backup : word)),
      'y\nyes\n',
    );
    expect(code).toBe(2);
    expect(stderr).toContain('--yes');
    expect(await cli.json('audit', 'head')).toEqual(before);
  });

  test.skipIf(spawnSync('sh', ['-c', 'command -v script']).status !== 0)(
    'that the terminal ends without an answer is not a success',
    async () => {
      const cli = commandLine();
      await cli.text('stack', 'new', 'good');
      const log = join(scratchFolder(), 'log');
      writeFileSync(log, '');
      const { status, stdout } = spawnSync('script', ['-qec', `${process.execPath} ${BIN} stack delete good`, log], {
        input: '\u0004',
        encoding: 'utf8',
        env: { PATH: process.env.PATH, HOME: process.env.HOME, SLOTH_RUNNER_DB: cli.db },
      });
      expect({ status, stdout }).toEqual({ status: 2, stdout: expect.stringContaining('Not confirmed') });
      expect((await cli.json('stack', 'state', 'list')).stacks).toHaveLength(1);
    },
  );
});
