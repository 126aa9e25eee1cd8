import { Console } from 'node:console';
import { createRequire } from 'node:module';
import { Readable, Writable } from 'node:stream';

const BIN = new URL('../../bin', import.meta.url).pathname;
const require = createRequire(import.meta.url);

type Execute = (command: { readonly dir: string; readonly args: readonly string[] }) => Promise<void>;
let execute: Execute | undefined;

/** Thrown when the command line exits its process. */
class Exit extends Error {
  constructor(readonly code: number) {
    super(`exit ${code}`);
  }
}

let before: Promise<unknown> = Promise.resolve();

/**
 * Runs a command line in this process: the bundle that a separate process loads, with other streams, environment variables
 * and `process.exit`. Runs are serialised.
 */
export function runWithin(args: readonly string[], env: NodeJS.ProcessEnv, input: string) {
  const result = before.then(() => inPlaceOfProcess(args, env, input));
  before = result.catch(() => {});
  return result;
}

async function inPlaceOfProcess(args: readonly string[], env: NodeJS.ProcessEnv, input: string) {
  const restore = [replaceEnvironment(env), keepListeners()];
  const [stdout, stderr] = [captured(), captured()];
  restore.push(
    replace(process, 'stdout', stdout.stream),
    replace(process, 'stderr', stderr.stream),
    replace(process, 'stdin', Readable.from(input === '' ? [] : [Buffer.from(input)])),
    replace(globalThis, 'console', new Console(stdout.stream, stderr.stream)),
    replace(process, 'exit', (code?: number) => {
      throw new Exit(code ?? Number(process.exitCode ?? 0));
    }),
  );
  const exitCode = process.exitCode;
  process.exitCode = undefined;
  try {
    execute ??= require('../../bin/code-cache.cjs').loadBundle(require.resolve('../../dist/bundle/main.cjs'))
      .execute as Execute;
    await execute({ dir: BIN, args: [...args] });
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
    process.exitCode = error.code;
  } finally {
    for (const undo of restore.reverse()) undo();
  }
  const code = Number(process.exitCode ?? 0);
  process.exitCode = exitCode;
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

/** A stream that accepts everything at once, like a pipe with a reader. */
function captured() {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(chunk);
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString('utf8') };
}

function replace<T extends object>(of: T, name: keyof T & string, value: unknown): () => void {
  const original = Object.getOwnPropertyDescriptor(of, name) as PropertyDescriptor;
  Object.defineProperty(of, name, { value, configurable: true, writable: true });
  return () => void Object.defineProperty(of, name, original);
}

/**
 * Sets the variables themselves, not the object, because Node and its libraries read some of them directly (HOME, TMPDIR).
 */
function replaceEnvironment(env: NodeJS.ProcessEnv): () => void {
  const original = { ...process.env };
  const become = (variables: NodeJS.ProcessEnv): void => {
    for (const name of Object.keys(process.env)) if (variables[name] === undefined) delete process.env[name];
    for (const [name, value] of Object.entries(variables)) if (value !== undefined) process.env[name] = value;
  };
  become(env);
  return () => become(original);
}

/** Removes the command's listeners on the process, and runs its exit handlers. */
function keepListeners(): () => void {
  const original = new Map(process.eventNames().map((name) => [name, process.rawListeners(name)]));
  return () => {
    for (const name of process.eventNames()) {
      for (const listener of process.rawListeners(name)) {
        if (original.get(name)?.includes(listener)) continue;
        process.off(name, listener as () => void);
        if (name === 'exit') listener.call(process, process.exitCode ?? 0);
      }
    }
  };
}
