import { copyFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type CallOptions, type Command, StateBackend } from '../../src/index.js';
import { commandLine } from '../support/cli.js';
import { scratchFolder } from '../support/folder.js';
import { SOAK } from '../support/properties.js';
import { CALLS, COMMAND_IDS, commandLineWithin, INPUTS, type Printed } from './command-line.js';
import { JSON_CASES, OWN_STRINGS, STRINGS, stringsFor, UNSAFE } from './corpora.js';
import { restoreStacks } from './places.js';
import { Tally } from './wire.js';

/** What no word of a command line can hold. */
const isWord = (text: string): boolean => !text.includes('\0') && !/\p{Cs}/u.test(text);

/** Within the folder of a test, on its database. */
async function inFolder() {
  const folder = scratchFolder();
  before.cwd = process.cwd();
  process.chdir(folder);
  Object.assign(process.env, {
    SLOTH_RUNNER_DB: join(folder, 'stacks.db'),
    SLOTH_RUNNER_ACTOR: 'tester',
    HOME: folder,
  });
  return { folder, run: await commandLineWithin() };
}
const before = { cwd: process.cwd(), home: process.env.HOME };
afterEach(() => {
  process.chdir(before.cwd);
  process.env.HOME = before.home;
  delete process.env.SLOTH_RUNNER_DB;
  delete process.env.SLOTH_RUNNER_ACTOR;
});

const TERRAFORM = { version: 4, terraform_version: '1.9.0', serial: 1, lineage: 'x', outputs: {}, resources: [] };

/** The database that every input starts from, and the files of the calls. */
async function template(folder: string): Promise<string> {
  const path = join(folder, 'template.db');
  const backend = await StateBackend.open(path, { actor: 'test' });
  await restoreStacks(backend);
  await backend.execute({ type: 'createStack', name: 'gone' });
  await backend.execute({ type: 'deleteStack', stack: 'gone' });
  await backend.execute({ type: 'addTags', stack: 'web', tags: ['t'] });
  await backend.close();
  writeFileSync(join(folder, 'desired.json'), '{"resources":[]}');
  writeFileSync(join(folder, 'state.json'), JSON.stringify(TERRAFORM));
  return path;
}

/** What is wrong with what a command printed, if anything. */
function faultOf({ crash, stdout, stderr, code }: Printed): string | undefined {
  if (crash !== undefined) return `crash: ${(crash as Error).stack ?? crash}`;
  if (/this is a bug|"INTERNAL"/i.test(stdout + stderr)) return 'reported as a bug';
  if (UNSAFE.test(stdout) || UNSAFE.test(stderr)) return 'unescaped character';
  return code > 8 ? `exit ${code}` : undefined;
}

const shown = (value: unknown): string => JSON.stringify(value).slice(0, 400);

describe('the command line', () => {
  test('each command is listed with a call', () => {
    expect(Object.keys(CALLS).sort()).toEqual([...COMMAND_IDS].sort());
  });

  test('naughty strings and payloads in every argument and flag: no crash, and nothing unescaped on the terminal', async () => {
    const { folder, run } = await inFolder();
    const db = await template(folder);
    const tally = new Tally();
    let [slowest, ms] = ['', 0];
    for (const [index, { name, id, words }] of INPUTS.entries()) {
      const texts = stringsFor(index, 2, 40);
      const own = SOAK ? OWN_STRINGS : [0, 1, 2].map((n) => OWN_STRINGS[(index + n) % OWN_STRINGS.length] as string);
      for (const [number, text] of [...own, ...texts.slice(OWN_STRINGS.length)].filter(isWord).entries()) {
        const call = words(text, folder);
        if (!call) continue;
        for (const file of ['stacks.db', 'stacks.db-wal', 'stacks.db-shm']) rmSync(join(folder, file), { force: true });
        copyFileSync(db, join(folder, 'stacks.db'));
        const begin = performance.now();
        const printed = await run(id, (index + number) % 2 === 0 ? call : ['--output=json', ...call]);
        if (performance.now() - begin > ms) [slowest, ms] = [`${name} ${shown(text)}`, performance.now() - begin];
        tally.count(`exit ${printed.code}`);
        const fault = faultOf(printed);
        if (fault)
          tally.faults.push(`${fault}: ${name} ${shown(text)} → ${shown(printed.stdout)} ${shown(printed.stderr)}`);
      }
    }
    console.log(`${INPUTS.length} inputs of the command line: ${tally}; slowest ${Math.round(ms)} ms ${slowest}`);
    expect(tally.faults).toEqual([]);
  }, 3_600_000);

  test.each([' stacks.db', 'stacks.db ', ':memory: ', ' ', '\u00a0stacks.db'])(
    'a database that is called "%s", with outer white space: refused, for the driver would open another one',
    async (db) => {
      const { run, folder } = await inFolder();
      const { code, stderr } = await run('stack:new', ['x', '--db', db]);
      expect(stderr).toContain('begins or ends with white space');
      expect(code).toBe(2);
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  test('JSONTestSuite in every file that holds JSON: exit 2 for what is no JSON, and no crash', async () => {
    const { folder, run } = await inFolder();
    const db = await template(folder);
    const tally = new Tally();
    for (const [index, words] of JSON_FILES.entries()) {
      for (const { name, bytes, verdict } of JSON_CASES.filter((_, n) => SOAK || n % JSON_FILES.length === index)) {
        copyFileSync(db, join(folder, 'stacks.db'));
        writeFileSync(join(folder, 'given.json'), bytes);
        const printed = await run(words[0] as string, words.slice(1));
        tally.count(`exit ${printed.code}`);
        const isRefused = printed.code === 2 || (words[0] === 'audit:import' && printed.code > 0);
        const fault = faultOf(printed) ?? (verdict === 'n' && !isRefused ? 'accepted' : undefined);
        if (fault) tally.faults.push(`${fault}: ${words} ${name} → ${printed.code} ${shown(printed.stderr)}`);
      }
    }
    console.log(`${JSON_CASES.length} documents in ${JSON_FILES.length} files: ${tally}`);
    expect(tally.faults).toEqual([]);
  }, 3_600_000);

  test('stored strings: every command that reads prints them escaped, as a table and as JSON', async () => {
    const { folder, run } = await inFolder();
    const names = await storeStrings(join(folder, 'stacks.db'));
    const tally = new Tally();
    for (const [id = '', ...words] of READS) {
      const stacks = words.includes('STACK') ? names : [''];
      for (const stack of stacks) {
        for (const output of words.some((word) => /^--(format|output)$/.test(word)) ? [[]] : [[], ['--output=json']]) {
          const printed = await run(id, [...output, ...words.map((word) => (word === 'STACK' ? `${stack}` : word))]);
          tally.count(`exit ${printed.code}`);
          const fault = faultOf(printed) ?? (printed.code > 1 ? `exit ${printed.code}` : undefined);
          const at = Math.max(0, (printed.stdout + printed.stderr).search(UNSAFE) - 100);
          if (fault)
            tally.faults.push(
              `${fault}: ${id} ${words} ${shown(stack)} → ${shown((printed.stdout + printed.stderr).slice(at, at + 300))}`,
            );
          if (output.length > 0 && id !== 'replay' && id !== 'audit:log') JSON.parse(printed.stdout);
        }
      }
    }
    console.log(`${READS.length} commands that read: ${tally}`);
    expect(tally.faults).toEqual([]);
  }, 3_600_000);

  test('in processes of their own: a sample of strings and documents', async () => {
    const { run, db } = commandLine();
    const strings = [...OWN_STRINGS, ...STRINGS.filter((_, n) => n % (SOAK ? 20 : 300) === 0)].filter(isWord);
    for (const text of strings) {
      const printed = await run(['stack', 'new', '--description', text, '--', text]);
      expect([text, faultOf({ ...printed, code: printed.code ?? 99, crash: undefined })]).toEqual([text, undefined]);
    }
    const unknown = await run(['stack', 'a\u001b[2J\u202eb']);
    expect(unknown.code).toBe(2);
    expect(unknown.stdout + unknown.stderr).not.toMatch(UNSAFE);
    for (const { bytes, verdict } of JSON_CASES.filter((_, n) => n % (SOAK ? 5 : 60) === 0)) {
      const file = join(dirname(db), 'given.json');
      writeFileSync(file, bytes);
      const printed = await run(['stack', 'import', 'imported', file, '--from', 'terraform']);
      expect(faultOf({ ...printed, code: printed.code ?? 99, crash: undefined })).toBeUndefined();
      if (verdict === 'n') expect(printed.code).toBe(2);
    }
  }, 600_000);
});

/** Every command that reads JSON from a file. */
const JSON_FILES: readonly (readonly string[])[] = [
  ['stack:apply', 'web', '--file', 'given.json'],
  ['stack:import', 'imported', 'given.json', '--from', 'terraform'],
  ['stack:import', 'imported', 'given.json', '--from', 'pulumi'],
  ['stack:new', 'new', '--config', 'given.json'],
  ['stack:resource:set', 'web', 'a.b', '--properties', 'given.json'],
  ['stack:state:drift', 'web', '--actual', 'given.json'],
  ['stack:state:drift', 'web', '--terraform-plan', 'given.json'],
  ['audit:import', 'given.json'],
];

/** Every command that shows what is stored. `audit log --output csv` keeps texts exactly: test/cli/audit.test.ts. */
const READS: readonly (readonly string[])[] = [
  ...['dot', 'mermaid', 'tree', 'json'].map((format) => ['stack:state:graph', '--format', format, '--', 'STACK']),
  ['stack:state:list'],
  ['stack:state:show', '--', 'STACK'],
  ['stack:resource:list', '--', 'STACK'],
  ['stack:state:versions', '--', 'STACK'],
  ['stack:state:diff', '--from', '1', '--to', '1', '--', 'STACK'],
  ['stack:state:drift', '--recorded', '--', 'STACK'],
  ['stack:state:drift:rules:list', '--', 'STACK'],
  ['stack:state:lock-info', '--', 'STACK'],
  ['stack:state:tags:list', '--', 'STACK'],
  ['stack:state:activity', '--', 'STACK'],
  ['stack:export', '--to', 'terraform', '--', 'STACK'],
  ['stack:export', '--to', 'pulumi', '--', 'STACK'],
  ['replay', '--', 'STACK'],
  ['audit:log'],
  ['audit:log', '--', 'STACK'],
  ['audit:verify'],
  ['audit:head'],
  ['projections:status'],
  ['doctor'],
];

/** Strings wherever the engine accepts them. Returns the names of stacks. */
async function storeStrings(path: string): Promise<readonly string[]> {
  const backend = await StateBackend.open(path, { actor: 'test' });
  const texts = [...OWN_STRINGS, ...STRINGS.filter((_, n) => SOAK || n % 25 === 0)];
  const names: string[] = ['all'];
  const attempt = (command: Command, call: CallOptions = {}): Promise<boolean> =>
    backend.execute(command, call).then(
      () => true,
      () => false,
    );
  await attempt({ type: 'createStack', name: 'all' });
  for (const [n, text] of texts.entries()) {
    const properties = { value: text, [text]: n, nested: [{ [text]: text }] };
    const resource = {
      type: 'x',
      name: `n${n}`,
      properties,
      metadata: { [text]: text },
      errorMessage: text.replace(/\p{Cc}/gu, ''),
    };
    const stack = 'all';
    if (await attempt({ type: 'createStack', name: text, configuration: properties })) names.push(text);
    await attempt({ type: 'apply', stack, resources: [resource], outputs: [{ name: `n${n}`, value: text }] });
    await attempt({ type: 'apply', stack, resources: [{ type: 'x', name: text, properties }] });
    await attempt({
      type: 'apply',
      stack,
      resources: [{ type: text, name: 'x', id: text, dependencies: [`x.${text}`] }],
    });
    await attempt({
      type: 'apply',
      stack,
      resources: [{ module: text, type: 'x', name: 'x' }],
      outputs: [{ name: text, value: 1 }],
    });
    await attempt(
      { type: 'updateStack', stack, description: text, status: text.slice(0, 20), version: text, metadata: properties },
      { reason: text },
    );
    await attempt({ type: 'takeSnapshot', stack, description: text }, { actor: text });
    await attempt({ type: 'addTags', stack, tags: [text] });
    await attempt({ type: 'recordActivity', stack, action: text, details: properties });
    await attempt({ type: 'addDriftRule', stack, path: text, resourceType: text, reason: text });
    await attempt({
      type: 'detectDrift',
      stack,
      findings: [{ resource: `x.n${n}`, expected: properties, actual: { [text]: [text] } }],
    });
    await attempt({ type: 'acquireLock', stack: n % 2 === 0 ? text : 'all', operation: text, who: text, info: text });
    await attempt({ type: 'breakLock', stack: 'all', reason: text });
  }
  await attempt({ type: 'acquireLock', stack: 'all', operation: '\u200b\u202e', who: '\u061c' });
  await backend.close();
  return names.slice(0, SOAK ? 60 : 6);
}
