import * as z from 'zod';
import { parseDuration } from '../lib/durations.js';
import { InvalidInputError } from '../lib/errors.js';
import { isJsonObject, type Json } from '../lib/json.js';
import { checkShape } from '../lib/parse-input.js';
import { execSource } from './exec/source.js';
import { actualFile } from './file.js';
import { MAX_CONCURRENCY, MAX_TIMEOUT_MS } from './limits.js';
import { type ProbeAllowance, probe } from './probe/source.js';
import type { ActualStateSource } from './source.js';
import { terraformDirectory } from './terraform/directory.js';
import { terraformPlan } from './terraform/plan-source.js';

/** A duration as people write it, in milliseconds. */
const duration = () =>
  z
    .string()
    .max(64, { error: 'must be a duration, as 30s or 5m', abort: true })
    .transform((text, context) => {
      try {
        return parseDuration(text, 'timeout');
      } catch {
        context.addIssue({ code: 'custom', message: `invalid duration "${text}": write it as 30s or 5m` });
        return z.NEVER;
      }
    })
    .refine((ms) => ms > 0 && ms <= MAX_TIMEOUT_MS, 'must be more than nothing, and 1d at most');

/** Built on first use: every command loads this file, few need it. */
const driftSchema = z.lazy(() => {
  const text = z.string().min(1, 'must not be empty').max(4_096, 'must not be longer than 4096 characters');
  const timeout = duration().optional();
  const concurrency = z.int().min(1).max(MAX_CONCURRENCY).optional();
  return z.discriminatedUnion('source', [
    z.strictObject({ source: z.literal('actual'), file: text, complete: z.boolean().optional() }),
    z.strictObject({ source: z.literal('terraform-plan'), file: text }),
    z.strictObject({ source: z.literal('terraform-dir'), dir: text, timeout }),
    z.strictObject({ source: z.literal('exec'), command: text, shell: z.boolean().optional(), timeout, concurrency }),
    z.strictObject({ source: z.literal('probe'), timeout, concurrency }),
  ]);
});
type DriftConfiguration = z.output<typeof driftSchema>;

/** Whether a stack's configuration names a source, which may be an invalid one. */
export const namesSource = (config: Json): boolean => isJsonObject(config) && Object.hasOwn(config, 'drift');

/**
 * The source that a stack's configuration names under `drift`; undefined if it names none. It decides which file is read and
 * which program runs: use it only for a configuration whose authors may decide that. They do not decide what a probe may
 * read.
 * @param where the name of the configuration in errors: `configuration`
 * @param read returns the bytes of the named file
 * @param allowance for a probe
 * @throws InvalidInputError `DRIFT_CONFIGURATION_INVALID` with the first invalid field; errors of the source about its file
 * or command
 */
export async function sourceFrom(
  config: Json,
  where: string,
  read: (path: string) => Promise<Uint8Array>,
  allowance: ProbeAllowance,
): Promise<ActualStateSource | undefined> {
  if (!isJsonObject(config) || !namesSource(config)) return undefined;
  const { success, data, error } = checkShape(driftSchema, config.drift);
  if (success) return build(data, read, allowance);
  const [issue] = error.issues;
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  const field = [where, 'drift', ...(issue?.path ?? []), ...unknown].map(String).join('.');
  throw new InvalidInputError('DRIFT_CONFIGURATION_INVALID', `${field}: ${issue?.message}`, {
    hint: 'Its source is one of actual, terraform-plan, terraform-dir, exec, probe; each has fields of its own.',
    details: { field },
  });
}

async function build(
  drift: DriftConfiguration,
  read: (path: string) => Promise<Uint8Array>,
  allowance: ProbeAllowance,
): Promise<ActualStateSource> {
  switch (drift.source) {
    case 'actual':
      return actualFile(await read(drift.file), drift.file, drift);
    case 'terraform-plan':
      return terraformPlan(await read(drift.file), drift.file);
    case 'terraform-dir':
      return terraformDirectory(drift.dir, { timeoutMs: drift.timeout });
    case 'exec':
      return execSource(drift.command, { ...drift, timeoutMs: drift.timeout });
    case 'probe':
      return probe({ ...allowance, timeoutMs: drift.timeout, concurrency: drift.concurrency });
  }
}
