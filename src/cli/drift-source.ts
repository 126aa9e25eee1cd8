import { Flags } from '@oclif/core';
import {
  type ActualStateSource,
  actualFile,
  execSource,
  probe,
  type StateBackend,
  terraformDirectory,
  terraformPlan,
} from '../index.js';
import { parseDuration } from '../lib/durations.js';
import { InvalidInputError } from '../lib/errors.js';
import { wholeNumber } from './flags.js';
import { readInput } from './input.js';

/** Each of these flags selects a source of the actual state. */
const SOURCES = ['actual', 'terraform-plan', 'terraform-dir', 'exec', 'probe', 'configured'] as const;
type Source = (typeof SOURCES)[number];

const others = (source: Source): string[] => SOURCES.filter((one) => one !== source);

export const sourceFlags = {
  actual: Flags.string({
    description: 'actual properties by address, null if it is gone, from a JSON or YAML file; - for standard input',
    helpGroup: 'SOURCE',
    helpValue: 'FILE',
    exclusive: others('actual'),
  }),
  complete: Flags.boolean({
    description: 'resources that the file does not list are gone',
    helpGroup: 'SOURCE',
    dependsOn: ['actual'],
  }),
  'terraform-plan': Flags.string({
    description: 'the result of a plan: the JSON of terraform show -json PLAN',
    helpGroup: 'SOURCE',
    helpValue: 'FILE',
    exclusive: others('terraform-plan'),
  }),
  'terraform-dir': Flags.string({
    description: 'the result of terraform plan -refresh-only in this directory',
    helpGroup: 'SOURCE',
    helpValue: 'DIR',
    exclusive: others('terraform-dir'),
  }),
  exec: Flags.string({
    description: 'the output of a program: resources as JSON lines in, {"address","properties"} lines out',
    helpGroup: 'SOURCE',
    helpValue: 'COMMAND',
    exclusive: others('exec'),
  }),
  shell: Flags.boolean({
    description: 'the command is a line for the shell',
    helpGroup: 'SOURCE',
    dependsOn: ['exec'],
  }),
  probe: Flags.boolean({
    description: 'probe resources of the types file and http, if --probe-path and --probe-host allow it',
    helpGroup: 'SOURCE',
    exclusive: others('probe'),
  }),
  'probe-path': Flags.string({
    description:
      'a file, or a folder with everything below it, that may be probed; repeat it for several (default: none)',
    helpGroup: 'SOURCE',
    helpValue: 'DIR',
    multiple: true,
    multipleNonGreedy: true,
  }),
  'probe-host': Flags.string({
    description:
      'a host that may be probed: example.com (ports 80 and 443), example.com:8443, *.example.com, 10.0.0.0/8; repeat it for several (default: none). An address that is not public must be named explicitly: 127.0.0.1:8080, or localhost',
    helpGroup: 'SOURCE',
    helpValue: 'HOST',
    multiple: true,
    multipleNonGreedy: true,
  }),
  'record-content': Flags.boolean({
    description: 'record differing content of probed files and responses, not only its SHA-256 and length',
    helpGroup: 'SOURCE',
  }),
  configured: Flags.boolean({
    description:
      "use the source that the stack's configuration names: everybody who may write the stack then decides which program runs here, and which file is read",
    helpGroup: 'SOURCE',
    exclusive: others('configured'),
  }),
  timeout: Flags.string({
    description: 'how long a program, terraform or a server may take',
    helpGroup: 'SOURCE',
    helpValue: 'TIME',
  }),
  concurrency: wholeNumber({
    description: 'concurrent programs, or resources',
    helpGroup: 'SOURCE',
    helpValue: 'N',
    min: 1,
  }),
};

export interface SourceValues {
  readonly actual?: string | undefined;
  readonly complete: boolean;
  readonly 'terraform-plan'?: string | undefined;
  readonly 'terraform-dir'?: string | undefined;
  readonly exec?: string | undefined;
  readonly shell: boolean;
  readonly probe: boolean;
  readonly 'probe-path'?: readonly string[] | undefined;
  readonly 'probe-host'?: readonly string[] | undefined;
  readonly 'record-content': boolean;
  readonly configured: boolean;
  readonly timeout?: string | undefined;
  readonly concurrency?: number | undefined;
}

/**
 * The id of a stack for the steps of a check, which takes time: its name may pass to another stack meanwhile. A name that no
 * live stack has stays, for the error of the first step.
 */
export const idOf = async (backend: StateBackend, stack: string): Promise<string> =>
  (await backend.findStack(stack))?.id ?? stack;

/**
 * The source that the flags select; undefined if they select none. Files are read at each comparison. Nothing that the stack
 * itself names is read or run without `--configured`.
 * @throws InvalidInputError `NO_SOURCE` if `--configured` is given and the configuration names no source
 */
export async function sourceOf(
  flags: SourceValues,
  backend: StateBackend,
  stack: string,
): Promise<ActualStateSource | undefined> {
  const named = SOURCES.find((source) => flags[source] !== undefined && flags[source] !== false);
  needs(flags.timeout, 'timeout', named, ['exec', 'terraform-dir', 'probe']);
  needs(flags.concurrency, 'concurrency', named, ['exec', 'probe']);
  const ofProbe = { 'probe-path': flags['probe-path'], 'probe-host': flags['probe-host'] };
  for (const [flag, value] of Object.entries(ofProbe)) needs(value, flag, named, ['probe', 'configured']);
  needs(flags['record-content'] || undefined, 'record-content', named, ['probe', 'configured']);
  const allowance = {
    paths: flags['probe-path'],
    hosts: flags['probe-host'],
    recordContent: flags['record-content'],
  };
  const limits = {
    ...(flags.timeout === undefined ? {} : { timeoutMs: parseDuration(flags.timeout, '--timeout') }),
    ...(flags.concurrency === undefined ? {} : { concurrency: flags.concurrency }),
  };
  switch (named) {
    case undefined:
      return undefined;
    case 'actual': {
      const { bytes, name } = await readInput(flags.actual ?? '');
      return actualFile(bytes, name, { complete: flags.complete });
    }
    case 'terraform-plan': {
      const { bytes, name } = await readInput(flags['terraform-plan'] ?? '');
      return terraformPlan(bytes, name);
    }
    case 'terraform-dir':
      return terraformDirectory(flags['terraform-dir'] ?? '', limits);
    case 'exec':
      return execSource(flags.exec ?? '', { ...limits, shell: flags.shell });
    case 'probe':
      return probe({ ...allowance, ...limits });
    case 'configured': {
      const source = await backend.driftSource(stack, allowance);
      if (source) return source;
      throw new InvalidInputError('NO_SOURCE', 'the configuration of the stack names no source of the actual state', {
        hint: 'Name one by a flag: --actual, --terraform-plan, --terraform-dir, --exec or --probe.',
        details: { field: 'configuration.drift' },
      });
    }
  }
}

/** Reports that a stack's configuration names a source that was not used. */
export const unusedSource = (stack: string): string =>
  `The configuration of "${stack}" names a source of the actual state, which was not used. To let everybody who may write the stack decide which program runs here, use it with --configured.`;

/** Refuses a limit that would have no effect. */
function needs(value: unknown, flag: string, named: Source | undefined, sources: readonly Source[]): void {
  if (value === undefined || (named !== undefined && sources.includes(named))) return;
  throw new InvalidInputError('NO_USE', `--${flag} is of no use without one of --${sources.join(', --')}`, {
    hint: `Leave --${flag} out, or set it beside the source in the stack's configuration.`,
    details: { field: flag },
  });
}
