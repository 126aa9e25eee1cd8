import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { StateBackend } from '../../src/index.js';
import { runWithin } from './cli-within.js';
import { scratchFolder } from './folder.js';
import { ON_POSTGRES } from './on-postgres.js';
import { namedSchema } from './postgres.js';

const BIN = new URL('../../bin/run.cjs', import.meta.url).pathname;

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A separate database that is removed with the test; a schema on a server is created on first use. */
function ownDatabase(): { readonly db: string; ready(): Promise<void> } {
  if (!ON_POSTGRES) return { db: join(scratchFolder(), 'stacks.db'), ready: async () => {} };
  const schema = namedSchema();
  let made: Promise<void> | undefined;
  onTestFinished(async () => {
    if (made) await made.then(schema.drop);
  });
  return { db: schema.url, ready: () => (made ??= schema.create()) };
}

function runProcess(args: readonly string[], env: NodeJS.ProcessEnv, input: string): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [BIN, ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject).on('close', (code) => resolve({ code, stdout, stderr }));
    child.stdin.on('error', () => {}).end(input);
  });
}

/**
 * The command line on a separate database, as a new user runs it. Its commands run in this process, one after the other; in
 * the long test run each has its own process.
 */
export const commandLine = (given?: string, env: NodeJS.ProcessEnv = {}) =>
  commandLineBy(process.env.SLOTH_TEST_PROCESSES === '1' ? runProcess : runWithin, given, env);

/** The same with a process for each command: for concurrent commands, and for what a process reads when it starts. */
export const commandProcesses = (given?: string, env: NodeJS.ProcessEnv = {}) => commandLineBy(runProcess, given, env);

function commandLineBy(carryOut: typeof runProcess, given: string | undefined, env: NodeJS.ProcessEnv) {
  const { db, ready } = given === undefined ? ownDatabase() : { db: given, ready: async () => {} };
  const { PATH, HOME } = process.env;
  const run = async (args: readonly string[], input = ''): Promise<Result> => {
    await ready();
    return carryOut(args, { PATH, HOME, SLOTH_RUNNER_DB: db, SLOTH_RUNNER_ACTOR: 'tester', ...env }, input);
  };
  return {
    db,
    run,
    /** The library on the same database. */
    open: async (options?: Parameters<typeof StateBackend.open>[1]): Promise<StateBackend> => {
      await ready();
      return StateBackend.open(db, options);
    },
    /** The parsed output of a command with `--output json`; it must succeed. */
    json: async (...args: string[]) => {
      const { code, stdout, stderr } = await run([...args, '--output', 'json']);
      if (code !== 0) throw new Error(`exit ${code}: ${stdout}${stderr}`);
      return JSON.parse(stdout);
    },
    /** The output of a command; it must succeed. */
    text: async (...args: string[]) => {
      const { code, stdout, stderr } = await run(args);
      if (code !== 0) throw new Error(`exit ${code}: ${stdout}${stderr}`);
      return stdout;
    },
  };
}
