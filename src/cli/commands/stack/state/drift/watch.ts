import { setTimeout as wait } from 'node:timers/promises';
import { Flags } from '@oclif/core';
import type { DriftCheck, DriftInfo, StateBackend } from '../../../../../index.js';
import { checkJson, driftJson } from '../../../../../json/drift.js';
import { parseDuration } from '../../../../../lib/durations.js';
import { InvalidInputError } from '../../../../../lib/errors.js';
import { stackArg } from '../../../../args.js';
import { refuseNothingCompared } from '../../../../drift-coverage.js';
import { idOf, type SourceValues, sourceFlags, sourceOf } from '../../../../drift-source.js';
import { interrupted } from '../../../../interrupts.js';
import { escapeText } from '../../../../output/escape.js';
import { changeLine, checkText } from '../../../../present/drift.js';
import { StreamingCommand } from '../../../../streaming-command.js';

/** The longest delay of a timer; with a longer one it would fire at once. */
const LONGEST = 24 * 86_400_000;

export default class StackStateDriftWatch extends StreamingCommand {
  static override summary = 'Check for drift repeatedly until stopped, and report and record only changes.';
  static override description =
    `The source of the actual state is named as for stack state drift, with the same limits. A check that fails or compares
nothing is reported, and repeated at the next time; the first one must succeed. Resources that were not compared are listed
with the reason: those that could not be read after each check, and those without data from the source when their number
changes. --output json prints JSON Lines: a finding on each line, and such a list on one line.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-stack --actual actual.yaml --every 5m',
    '<%= config.bin %> <%= command.id %> my-stack --every 30s --probe --probe-path /etc/nginx --output json',
  ];
  static override args = { stack: stackArg };
  static override flags = {
    every: Flags.string({ description: 'time between two checks', default: '5m', helpValue: 'TIME' }),
    ...sourceFlags,
  };

  /** Resources without an observation in the previous comparison. */
  #passedOver = 0;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StackStateDriftWatch);
    const every = parseDuration(flags.every, '--every');
    if (every < 1_000) throw badInterval(flags.every, 'less than a second');
    if (every > LONGEST) throw badInterval(flags.every, 'more than 24d');
    if (flags.actual === '-' || flags['terraform-plan'] === '-') throw notTwice();
    const backend = await this.open(flags);
    const signal = interrupted();
    const look = (): Promise<Check> =>
      checkOnce(backend, args.stack, flags, signal, (line) => this.note(escapeText(line)));
    const first = await look().catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    if (first) await this.#print(flags.output, first);
    while (await passed(every, signal)) {
      try {
        await this.#print(flags.output, await look());
      } catch (error) {
        if (!signal.aborted)
          this.note(`Error: ${escapeText((error as Error).message)}; trying again in ${flags.every}`);
      }
    }
  }

  async #print(output: 'table' | 'json', { stackId, check, changed }: Check): Promise<void> {
    const isNews = check.failed.length > 0 || check.passedOver !== this.#passedOver;
    this.#passedOver = check.passedOver;
    if (output === 'json') {
      for (const finding of changed) await this.emitLine(driftJson(stackId)(finding));
      if (isNews) await this.emitLine({ stack_id: stackId, check: checkJson(check) });
      return;
    }
    for (const finding of changed) await this.emit(`${changeLine(finding)}\n`);
    if (isNews) await this.emit(`${checkText(check)}\n`);
    await this.flush();
  }
}

interface Check {
  readonly stackId: string;
  readonly check: DriftCheck;
  /** Newest findings that are new or changed since the previous comparison. */
  readonly changed: readonly DriftInfo[];
}

async function checkOnce(
  backend: StateBackend,
  stack: string,
  flags: SourceValues,
  signal: AbortSignal,
  note: (line: string) => void,
): Promise<Check> {
  const id = await idOf(backend, stack);
  const source = await sourceOf(flags, backend, id);
  if (!source) throw noSource(stack);
  const newest = () => backend.getDrift(id, undefined, { newest: true });
  const before = new Set((await newest()).findings.map(stateOf));
  const check = await backend.checkDrift(id, source, { signal, note });
  refuseNothingCompared(stack, check);
  const after = await newest();
  const changed = after.findings.filter((finding) => !before.has(stateOf(finding)));
  return { stackId: check.stackId, check, changed };
}

const stateOf = ({ id, isDrifted }: DriftInfo): string => `${id} ${isDrifted}`;

/** Returns true if the time passed, false if the process was asked to end. */
async function passed(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  try {
    await wait(milliseconds, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}

const badInterval = (every: string, problem: string): InvalidInputError =>
  new InvalidInputError('INVALID_DURATION', `--every: ${every} is ${problem}`, {
    hint: 'Choose a time from 1s to 24d: 30s, 5m.',
    details: { field: '--every', value: every },
  });

const notTwice = (): InvalidInputError =>
  new InvalidInputError('READ_ONCE', 'standard input can be read only once, and every check reads the file', {
    hint: 'Name a file that is updated before each check.',
    details: { field: 'actual' },
  });

const noSource = (stack: string): InvalidInputError =>
  new InvalidInputError('NO_SOURCE', `nothing says where the actual state of "${stack}" comes from`, {
    hint: 'Name a source: --actual, --terraform-plan, --terraform-dir, --exec, --probe or --configured.',
    details: { field: 'source' },
  });
