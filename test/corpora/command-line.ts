import { readFileSync } from 'node:fs';
import { isAbsolute, resolve, sep } from 'node:path';
import { Config } from '@oclif/core';

const ROOT = new URL('../../', import.meta.url).pathname;

/** What each command reads: the words of a call that works. What is not listed fails the test. */
export const CALLS: Readonly<Record<string, readonly string[]>> = {
  backup: ['backup.db', '--overwrite'],
  copy: ['--from', 'stacks.db', '--to', 'copied.db'],
  doctor: [],
  replay: ['web'],
  restore: ['backup.db', '--yes'],
  serve: ['--listen', 'nowhere'], // refused, else it would not end
  'audit:export': ['log.jsonl', '--overwrite'],
  'audit:head': [],
  'audit:import': ['log.jsonl'],
  'audit:log': ['web'],
  'audit:verify': [],
  'projections:rebuild': [],
  'projections:status': [],
  'stack:apply': ['web', '--file', 'desired.json'],
  'stack:delete': ['web', '--yes'],
  'stack:export': ['web', '--to', 'terraform'],
  'stack:import': ['imported', 'state.json', '--from', 'terraform'],
  'stack:migrate': ['--source', 'legacy.db', '--target', 'migrated.db'],
  'stack:new': ['new'],
  'stack:restore': ['gone'],
  'stack:update': ['web', '--status', 'x'],
  'stack:resource:list': ['web'],
  'stack:resource:remove': ['web', 'a.b'],
  'stack:resource:set': ['web', 'a.b', '--property', 'x=1'],
  'stack:resource:show': ['web', 'a.b'],
  'stack:state:activity': ['web'],
  'stack:state:blame': ['web', 'a.b'],
  'stack:state:diff': ['web', '--from', '1', '--to', '2'],
  'stack:state:drift': ['web'],
  'stack:state:drift:accept': ['web', 'a.b'],
  'stack:state:drift:ignore': ['web', 'a.b', '--reason', 'x'],
  'stack:state:drift:resolve': ['web', 'a.b'],
  'stack:state:drift:rules:list': ['web'],
  'stack:state:drift:rules:remove': ['web', '1'],
  'stack:state:drift:watch': ['nowhere'], // refused, else it would not end
  'stack:state:graph': ['web'],
  'stack:state:history': ['web', 'a.b'],
  'stack:state:impact': ['web', 'a.b'],
  'stack:state:list': [],
  'stack:state:lock': ['web', '--operation', 'x'],
  'stack:state:lock-info': ['web'],
  'stack:state:rollback': ['web', '--version', '1'],
  'stack:state:show': ['web'],
  'stack:state:snapshot': ['web'],
  'stack:state:tags:add': ['web', 't'],
  'stack:state:tags:list': ['web'],
  'stack:state:tags:remove': ['web', 't'],
  'stack:state:unlock': ['web', '--lock-id', 'x'],
  'stack:state:versions': ['web'],
  'token:create': ['t', '--role', 'read', '--tokens', 'tokens.db'],
  'token:list': ['--tokens', 'tokens.db'],
  'token:revoke': ['t', '--tokens', 'tokens.db'],
};

/** What names files: it gets only texts that stay within the folder of the test. */
const FILES = new Set([
  ...[
    'db',
    'file',
    'tokens',
    'from',
    'to',
    'source',
    'target',
    'generate-script',
    'report',
    'actual',
    'terraform-plan',
  ],
  ...[
    'terraform-dir',
    'config',
    'properties',
    'property',
    'workflow-file',
    'info',
    'tls-cert',
    'tls-key',
    'probe-path',
  ],
]);
/** It runs a program of the operator's, which is what it is for. */
const PROGRAMS = new Set(['exec']);

interface Manifest {
  readonly commands: Readonly<
    Record<
      string,
      {
        readonly args: Readonly<Record<string, object>>;
        readonly flags: Readonly<Record<string, { readonly type: string; readonly options?: readonly string[] }>>;
      }
    >
  >;
}

const isOurs = (id: string): boolean => id !== 'help' && !id.startsWith('autocomplete');

const manifest = JSON.parse(readFileSync(`${ROOT}oclif.manifest.json`, 'utf8')) as Manifest;
export const COMMAND_IDS: readonly string[] = Object.keys(manifest.commands).filter(isOurs);

/** Somewhere a text goes into a command. */
export interface Input {
  readonly name: string;
  readonly id: string;
  /** Undefined where the text would lead out of the folder. */
  words(text: string, folder: string): readonly string[] | undefined;
}

/** Every argument and every flag with a value of every command. */
export const INPUTS: readonly Input[] = COMMAND_IDS.flatMap((id) => {
  const { args = {}, flags = {} } = manifest.commands[id] ?? {};
  const call = CALLS[id] ?? [];
  const firstFlag = call.findIndex((word) => word.startsWith('--'));
  const [given, rest] = firstFlag === -1 ? [call, []] : [call.slice(0, firstFlag), call.slice(firstFlag)];
  const input = (name: string, shown: string, words: (text: string) => readonly string[]): Input => ({
    name: `${id} ${shown}`,
    id,
    words: (text, folder) => (FILES.has(name) && !isWithin(text, folder) ? undefined : words(text)),
  });
  const ofArgs = Object.keys(args).map((name, index) =>
    input(name, name.toUpperCase(), (text) => [
      ...rest,
      '--',
      ...given.slice(0, index),
      text,
      ...given.slice(index + 1),
    ]),
  );
  const ofFlags = Object.entries(flags)
    .filter(([name, { type, options }]) => type === 'option' && !options && !PROGRAMS.has(name))
    .map(([name]) => input(name, `--${name}`, (text) => [...without(call, name), `--${name}=${text}`]));
  return [...ofArgs, ...ofFlags];
});

const without = (call: readonly string[], name: string): readonly string[] => {
  const at = call.indexOf(`--${name}`);
  return at === -1 ? call : [...call.slice(0, at), ...call.slice(at + 2)];
};

function isWithin(text: string, folder: string): boolean {
  const value = text.includes('=@') ? text.slice(text.indexOf('=@') + 2) : text.replace(/^@/, '');
  if (value === '-' || value.includes('\0') || value.includes('://') || isAbsolute(value) || value.startsWith('~'))
    return false;
  return resolve(folder, value).startsWith(`${folder}${sep}`);
}

export interface Printed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What the command threw instead of reporting it. */
  readonly crash: unknown;
}

/** The command line within this process: a process for each of thousands of commands would take an hour. */
export async function commandLineWithin(): Promise<(id: string, words: readonly string[]) => Promise<Printed>> {
  const config = await Config.load({ root: ROOT });
  process.stdout.setMaxListeners(0);
  process.setMaxListeners(0);
  return async (id, words) => {
    const out = { stdout: '', stderr: '' };
    const originals = { stdout: process.stdout.write, stderr: process.stderr.write };
    const capture = (stream: 'stdout' | 'stderr') =>
      ((chunk: string | Uint8Array, ...rest: unknown[]) => {
        out[stream] += Buffer.from(chunk as string).toString('utf8');
        for (const done of rest) if (typeof done === 'function') done();
        return true;
      }) as typeof process.stdout.write;
    process.stdout.write = capture('stdout');
    process.stderr.write = capture('stderr');
    process.exitCode = 0;
    let crash: unknown;
    try {
      await config.runCommand(id, [...words]);
    } catch (error) {
      crash = error;
    }
    process.stdout.write = originals.stdout;
    process.stderr.write = originals.stderr;
    const code = Number(process.exitCode ?? 0);
    process.exitCode = 0;
    return { code, crash, ...out };
  };
}
