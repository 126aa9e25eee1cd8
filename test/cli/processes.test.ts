import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { StateBackend } from '../../src/index.js';
import { CALLS } from '../corpora/command-line.js';
import { restoreStacks } from '../corpora/places.js';
import { commandProcesses, type Result } from '../support/cli.js';
import { runWithin } from '../support/cli-within.js';
import { scratchFolder } from '../support/folder.js';

const TERRAFORM = { version: 4, terraform_version: '1.9.0', serial: 1, lineage: 'x', outputs: {}, resources: [] };
const LEGACY = new URL('../fixtures/legacy/state.db', import.meta.url).pathname;

/** What every call begins with: a database of three stacks, a backup and an export of it, and files of other programs. */
let prepared: string;
beforeAll(async () => {
  prepared = mkdtempSync(join(tmpdir(), 'sloth-runner-calls-'));
  const db = join(prepared, 'stacks.db');
  const backend = await StateBackend.open(db, { actor: 'test' });
  await restoreStacks(backend);
  await backend.execute({ type: 'createStack', name: 'gone' });
  await backend.execute({ type: 'deleteStack', stack: 'gone' });
  await backend.execute({ type: 'addTags', stack: 'web', tags: ['t'] });
  await backend.close();
  const cli = commandProcesses(db);
  await cli.text('backup', join(prepared, 'backup.db'));
  await cli.text('audit', 'export', join(prepared, 'log.jsonl'));
  copyFileSync(LEGACY, join(prepared, 'legacy.db'));
  writeFileSync(join(prepared, 'desired.json'), '{"resources":[]}');
  writeFileSync(join(prepared, 'state.json'), JSON.stringify(TERRAFORM));
  return () => rmSync(prepared, { recursive: true });
});

/** Within a folder of its own, which commands name by paths from there. */
async function inFolder(run: (db: string) => Promise<Result>): Promise<Result> {
  const folder = scratchFolder();
  for (const name of readdirSync(prepared)) copyFileSync(join(prepared, name), join(folder, name));
  const before = process.cwd();
  process.chdir(folder);
  onTestFinished(() => process.chdir(before));
  return run(join(folder, 'stacks.db'));
}

/** Without what differs each time: ids, hashes, tokens, times, folders. */
const lasting = ({ code, stdout, stderr }: Result) => {
  const text = (stdout + stderr).replace(/sloth-runner-test-\w+/g, 'F').replace(/[\w-]{20,}/g, 'X');
  return { code, text: text.replace(/\d+/g, '0').replace(/[ \t]+/g, ' ') };
};

describe('a command in a process of its own', () => {
  test.each(Object.entries(CALLS))('%s does what it does within this process', async (id, words) => {
    const args = [...id.split(':'), ...words];
    const apart = lasting(await inFolder((db) => commandProcesses(db).run(args)));
    const { PATH, HOME } = process.env;
    const within = await inFolder((db) =>
      runWithin(args, { PATH, HOME, SLOTH_RUNNER_DB: db, SLOTH_RUNNER_ACTOR: 'tester' }, ''),
    );
    expect(lasting(within)).toEqual(apart);
    expect(apart.text).not.toContain('this is a bug');
    expect(apart.code).toBeLessThanOrEqual(8);
  });
});
