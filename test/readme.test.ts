import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import { expect, test } from 'vitest';
import { scratchFolder } from './support/folder.js';

const ROOT = new URL('..', import.meta.url).pathname;
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** Each command of the console blocks, with what the README says it prints. */
const commands = [...readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/^```console\n(.*?)^```/gms)]
  .flatMap(([, block = '']) => block.split(/^\$ /m).slice(1))
  .map((text) => {
    const [command = '', ...printed] = text.trimEnd().split('\n');
    return { command, printed: printed.join('\n') };
  });

/** Without what is another at each run: ids, hashes, times, where the database is, and blanks that depend on their width. */
const lasting = (text: string): string =>
  text
    .replace(/^Created database .*\n?/gm, '')
    .replace(UUID, 'ID')
    .replace(/\b[0-9a-f]{64}\b/g, 'HASH')
    .replace(/\b\d+\.\d s\b/g, 'SECONDS')
    .replace(/\b(?:just now|\d+ (?:seconds?|minutes?) ago)\b/g, 'TIME')
    .replace(/[ \t]+/g, ' ')
    .replace(/ $/gm, '')
    .trimEnd();

test('the example of the library runs, and goes back to the state of the snapshot', () => {
  const [, example = ''] = /^```ts\n(.*?)^```/ms.exec(readFileSync(join(ROOT, 'README.md'), 'utf8')) ?? [];
  const folder = scratchFolder();
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules', 'sloth-runner'));
  const { code } = transformSync(example, { loader: 'ts', format: 'esm', target: 'node20' });
  writeFileSync(join(folder, 'shop.mjs'), code);
  const { stdout, stderr } = spawnSync(process.execPath, ['shop.mjs'], { cwd: folder, encoding: 'utf8' });
  expect({ stdout, stderr }).toEqual({
    stdout:
      '1 StackCreated\n2 ResourceCreated\n3 SnapshotTaken\n4 ResourceUpdated\n5 StackRolledBack\n6 ResourceUpdated\n',
    stderr: '',
  });
  const show = ['bin/run.cjs', 'stack', 'resource', 'show', 'shop', 'server.web', '--output', 'json'];
  const shown = spawnSync(process.execPath, [...show, '--db', join(folder, 'stacks.db')], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  expect(JSON.parse(shown.stdout)).toMatchObject({ properties: { size: 3 } });
});

test('every command of the README prints what the README says, one after the other, in a new database', () => {
  expect(commands.length).toBeGreaterThan(12);
  /** By an id that the README shows: the one it is in this run. */
  const ids = new Map<string, string>();
  const env = {
    PATH: process.env.PATH,
    HOME: scratchFolder(),
    SLOTH_RUNNER_DB: join(scratchFolder(), 'stacks.db'),
    SLOTH_RUNNER_ACTOR: 'ana',
  };
  for (const { command, printed } of commands) {
    const now = command.replace(UUID, (id) => ids.get(id) ?? id);
    const script = `sloth-runner() { "${process.execPath}" bin/run.cjs "$@"; }\n${now} 2>&1`;
    const { stdout } = spawnSync('bash', ['-c', script], { cwd: ROOT, env, encoding: 'utf8' });
    expect(lasting(stdout), command).toBe(lasting(printed));
    const shown = printed.match(UUID) ?? [];
    for (const [index, id] of (stdout.match(UUID) ?? []).entries()) ids.set(shown[index] ?? '', id);
  }
});

test('the chapter on Terraform and its example use one stack, which the tour does not use', () => {
  const namesIn = (file: string) =>
    new Set([...readFileSync(join(ROOT, file), 'utf8').matchAll(/7480\/tfstate\/([\w-]+)/g)].map(([, name]) => name));
  const names = namesIn('README.md');
  expect(names.size).toBe(1);
  expect(namesIn('examples/terraform/main.tf')).toEqual(names);
  const made = commands.flatMap(({ command }) => /^sloth-runner stack (?:new|import) (\S+)/.exec(command)?.[1] ?? []);
  expect(made.length).toBeGreaterThan(0);
  for (const name of made) expect(names).not.toContain(name);
});
