import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type JsonObject, parseJson } from '../../src/lib/json.js';
import { scratchFolder } from './folder.js';

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  /** Both streams. */
  readonly text: string;
}

/** A folder with a configuration, in which the real Terraform runs. */
export interface Workspace {
  /** Runs it, whatever its exit code. */
  run(...args: readonly string[]): Promise<Ran>;
  /** Runs it, and fails if it fails. */
  ok(...args: readonly string[]): Promise<string>;
  /** Starts it. */
  begin(...args: readonly string[]): { readonly process: ChildProcess; readonly done: Promise<Ran> };
  write(file: string, text: string): void;
  pull(): Promise<JsonObject>;
  readonly folder: string;
}

const ENVIRONMENT = { TF_IN_AUTOMATION: '1', TF_INPUT: '0', CHECKPOINT_DISABLE: '1', TF_CLI_ARGS: '-no-color' };

/** The five lines that make Terraform keep its state in a server, and more on request. */
export const backend = (url: string, stack: string, more = ''): string => `terraform {
  backend "http" {
    address        = "${url}/tfstate/${stack}"
    lock_address   = "${url}/tfstate/${stack}"
    unlock_address = "${url}/tfstate/${stack}"
    ${more}
  }
}
`;

export function workspace(
  files: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): Workspace {
  const folder = scratchFolder();
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  };
  for (const [file, text] of Object.entries(files)) write(file, text);
  write('terraform.rc', '');

  const begin = (...args: readonly string[]) => {
    const child = spawn('terraform', args, {
      cwd: folder,
      env: { PATH: process.env.PATH, ...ENVIRONMENT, TF_CLI_CONFIG_FILE: join(folder, 'terraform.rc'), ...env },
    });
    let stdout = '';
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      stdout += piece;
      text += piece;
    });
    child.stderr.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    const done = new Promise<Ran>((resolve, reject) => {
      child.on('error', reject).on('close', (code) => resolve({ code, stdout, text }));
    });
    return { process: child, done };
  };
  const run = (...args: readonly string[]) => begin(...args).done;
  const ok = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, text } = await run(...args);
    if (code !== 0) throw new Error(`terraform ${args.join(' ')} ended with ${code}:\n${text}`);
    return stdout;
  };
  return { run, ok, begin, write, folder, pull: async () => parseJson(await ok('state', 'pull')) as JsonObject };
}
