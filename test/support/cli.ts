import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { scratchFolder } from './folder.js';

const BIN = new URL('../../bin/run.js', import.meta.url).pathname;

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command line on a database of its own, as a new user runs it. */
export function commandLine(db = join(scratchFolder(), 'stacks.db'), env: NodeJS.ProcessEnv = {}) {
  const run = (args: readonly string[], input = ''): Promise<Result> =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [BIN, ...args], {
        env: {
          PATH: process.env.PATH,
          HOME: process.env.HOME,
          SLOTH_RUNNER_DB: db,
          SLOTH_RUNNER_ACTOR: 'tester',
          ...env,
        },
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      let stdout = '';
      let stderr = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      child.on('error', reject).on('close', (code) => resolve({ code, stdout, stderr }));
      child.stdin.on('error', () => {}).end(input);
    });
  return {
    db,
    run,
    /** What a command prints with `--output json`, parsed; it must succeed. */
    json: async (...args: string[]) => {
      const { code, stdout, stderr } = await run([...args, '--output', 'json']);
      if (code !== 0) throw new Error(`exit ${code}: ${stdout}${stderr}`);
      return JSON.parse(stdout);
    },
    /** What a command prints; it must succeed. */
    text: async (...args: string[]) => {
      const { code, stdout, stderr } = await run(args);
      if (code !== 0) throw new Error(`exit ${code}: ${stdout}${stderr}`);
      return stdout;
    },
  };
}
