import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NotFoundError, StoreError } from '../../lib/errors.js';
import { clearedUp } from '../../lib/files.js';
import { FILE_LIMITS } from '../../lib/json.js';
import { checkLimits } from '../limits.js';
import { groupStarter } from '../process/group.js';
import { readWords } from '../process/lines.js';
import type { ActualStateSource, ObserveContext } from '../source.js';
import { planSource } from './plan-source.js';

export interface TerraformDirectoryOptions {
  /** The time limit of Terraform, milliseconds. Default: 15 min. */
  readonly timeoutMs?: number | undefined;
}

/**
 * The actual state that Terraform finds now, by a refresh-only plan of a directory where `terraform init` was run. Changes
 * nothing, but Terraform holds its state's lock meanwhile. Needs `terraform` on the PATH.
 * @throws InvalidInputError `LIMIT_INVALID`. Observing throws: NotFoundError `TERRAFORM_MISSING`; StoreError
 * `TERRAFORM_FAILED` with the last lines of its output.
 */
export function terraformDirectory(
  directory: string,
  { timeoutMs = 15 * 60_000 }: TerraformDirectoryOptions = {},
): ActualStateSource {
  checkLimits({ timeoutMs });
  const name = 'terraform-dir';
  return {
    name,
    async *observe(pages, context = {}) {
      const text = await plan(directory, timeoutMs, context);
      yield* planSource(name, text, `the plan of ${directory}`).observe(pages, context);
    },
  };
}

/** The plan as JSON. Its file contains secrets: it is in a private folder and is deleted afterwards. */
async function plan(directory: string, timeoutMs: number, context: ObserveContext): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'sloth-runner-plan-'));
  const clear = clearedUp(() => rmSync(folder, { recursive: true, force: true }));
  const limit = AbortSignal.timeout(timeoutMs);
  const run = (...args: readonly string[]) => terraform(directory, args, limit, timeoutMs, context);
  try {
    const file = join(folder, 'plan');
    await run('plan', '-refresh-only', '-input=false', '-no-color', `-out=${file}`);
    return await run('show', '-json', '-no-color', file);
  } finally {
    clear();
  }
}

/** The time from SIGTERM to SIGKILL, in which Terraform releases its lock. */
const GRACE_MS = 10_000;
/** The number of last output lines that are kept. */
const KEPT = 20;

/** Its standard output. */
async function terraform(
  directory: string,
  args: readonly string[],
  limit: AbortSignal,
  timeoutMs: number,
  { signal, note }: ObserveContext,
): Promise<string> {
  const startGroup = await groupStarter();
  signal?.throwIfAborted();
  const group = startGroup('terraform', [`-chdir=${directory}`, ...args], {
    // No hints about next steps, and no check for a newer version.
    env: { TF_IN_AUTOMATION: '1', CHECKPOINT_DISABLE: '1' },
    graceMs: GRACE_MS,
  });
  const stop = () => void group.end();
  for (const reason of [signal, limit]) reason?.addEventListener('abort', stop);
  if (limit.aborted) stop();
  group.stdin.end();
  try {
    const words = readWords(group.stderr, KEPT, note);
    const printed = await readAll(group.stdout);
    const { exitCode, failure } = await group.ended;
    const said = await words;
    signal?.throwIfAborted();
    if (failure !== undefined) throw missing(failure);
    if (limit.aborted) throw failed(directory, `it was not done within ${timeoutMs / 1000} s`, said);
    if (exitCode !== 0) throw failed(directory, `${args[0]} exited with ${exitCode}`, said);
    if (printed === undefined) throw failed(directory, `it printed more than ${FILE_LIMITS.maxBytes} bytes`, said);
    return printed.toString();
  } finally {
    for (const reason of [signal, limit]) reason?.removeEventListener('abort', stop);
    await group.end();
  }
}

/** Undefined if it is larger than a file may be. */
async function readAll(stream: AsyncIterable<Buffer>): Promise<Buffer | undefined> {
  let chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length <= FILE_LIMITS.maxBytes) chunks.push(chunk);
    else chunks = [];
  }
  return length <= FILE_LIMITS.maxBytes ? Buffer.concat(chunks) : undefined;
}

const missing = (reason: string): NotFoundError =>
  new NotFoundError('TERRAFORM_MISSING', `terraform cannot be started (${reason})`, {
    hint: 'Install Terraform so that it is found by PATH, or give a plan: terraform show -json PLAN.',
    details: { program: 'terraform', reason },
  });

const failed = (directory: string, problem: string, words: readonly string[]): StoreError =>
  new StoreError('TERRAFORM_FAILED', [`terraform failed in ${directory}: ${problem}`, ...words].join('\n'), {
    hint: `Try it yourself: terraform -chdir=${directory} plan -refresh-only`,
    details: { directory, said: words },
  });
