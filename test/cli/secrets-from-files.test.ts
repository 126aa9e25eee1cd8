import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { commandLine } from '../support/cli.js';
import { scratchFolder } from '../support/folder.js';

const FOLDER = new URL('../../src/cli/commands/', import.meta.url).pathname;

describe('KEY=@FILE', () => {
  let cli: ReturnType<typeof commandLine>;
  let folder: string;
  beforeEach(async () => {
    cli = commandLine();
    folder = scratchFolder();
    await cli.text('stack', 'new', 'web');
  });

  const file = (content: string | Uint8Array): string => {
    const path = join(folder, 'secret');
    writeFileSync(path, content);
    return path;
  };
  const set = (pairs: readonly string[], input?: string, more: readonly string[] = []) =>
    cli.run(['stack', 'resource', 'set', 'web', 'db.main', ...pairs.flatMap((pair) => ['-p', pair]), ...more], input);
  const properties = async () => (await cli.json('stack', 'resource', 'show', 'web', 'db.main')).properties;

  it.each([
    ['without its line break', 'hunter2\n', 'hunter2'],
    ['without that of Windows', 'hunter2\r\n', 'hunter2'],
    ['and takes off one only', 'a\nb\n\n', 'a\nb\n'],
    ['though it is JSON', '{"a": 1}', '{"a": 1}'],
    ['though it is a number', '007', '007'],
    ['though it begins with @', '@x', '@x'],
    ['though it is empty', '', ''],
    ['of any script', 'pässwörd 漢\n', 'pässwörd 漢'],
  ])('is the text of the file, %s', async (_, content, value) => {
    expect((await set([`password=@${file(content)}`])).code).toBe(0);
    expect(await properties()).toEqual({ password: value });
  });

  it('reads standard input for @-, and is not in the list of processes', async () => {
    expect((await set(['password=@-', 'size=3'], 's3cret=@x\n')).code).toBe(0);
    expect(await properties()).toEqual({ password: 's3cret=@x', size: 3 });
  });

  it('is a text that begins with @ for @@', async () => {
    expect((await set(['a=@@x', 'b=@@', 'c=@@@-', 'd="@y"'])).code).toBe(0);
    expect(await properties()).toEqual({ a: '@x', b: '@', c: '@@-', d: '@y' });
  });

  it('is masked by the command that sets it', async () => {
    await set(['password=old', 'size=1']);
    const { code, stdout, stderr } = await set([`password=@${file('hunter2')}`, 'size=2']);
    expect(code).toBe(0);
    expect(stdout).toContain('properties.password: (sensitive) → (sensitive)');
    expect(stdout).toContain('properties.size: 1 → 2');
    expect(stdout + stderr).not.toMatch(/hunter2|old/);
  });

  it.each<[what: string, pairs: readonly string[], more: readonly string[], says: string, code: string]>([
    ['standard input twice', ['a=@-', 'b=@-'], [], 'given twice', 'STDIN_TWICE'],
    ['standard input for the properties, too', ['a=@-'], ['--properties', '-'], 'given twice', 'STDIN_TWICE'],
    ['a file that is not there', ['a=@/nowhere/secret'], [], 'cannot read /nowhere/secret', 'CANNOT_READ'],
    ['a folder', ['a=@/'], [], 'cannot read /', 'CANNOT_READ'],
    ['no file', ['a=@'], [], '"a=@" names no file', 'INVALID_ASSIGNMENT'],
    ['a file without end', ['a=@/dev/zero'], [], 'more than 1048576 bytes', 'DOCUMENT_TOO_LARGE'],
  ])('is refused for %s', async (_, pairs, more, says, code) => {
    const result = await set(pairs, '{"x": 1}', [...more, '--output', 'json']);
    expect(result.code).toBe(2);
    const { error } = JSON.parse(result.stdout);
    expect(error.code).toBe(code);
    expect(error.message).toContain(says);
    expect(error.hint).not.toBe('');
    expect((await cli.json('stack', 'state', 'show', 'web')).resources).toEqual([]);
  });

  it('is refused for invalid UTF-8, without showing it', async () => {
    const { code, stderr } = await set([`a=@${file(Buffer.from('hunter\xff2', 'latin1'))}`]);
    expect(code).toBe(2);
    expect(stderr).toContain('secret is not valid UTF-8');
    expect(stderr).not.toContain('hunter');
  });

  it('is known to every flag that takes KEY=VALUE', () => {
    const { stdout } = spawnSync('grep', ['-rlE', 'KEY=', FOLDER], { encoding: 'utf8' });
    const files = stdout.trim().split('\n');
    expect(files.length).toBeGreaterThan(0);
    for (const path of files) expect(readFileSync(path, 'utf8'), path).toMatch(/assignments\(/);
  });
});
