// 200 clients, each with a stack of its own, for 60 seconds, in another process.
// Claims: no error; every state that was acknowledged is there, as the clients' own records say; the log verifies.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { StateBackend } from '../dist/index.js';
import { startServer } from '../dist/server/index.js';

const CLIENTS = fileURLToPath(new URL('load-clients.mjs', import.meta.url));

export async function serverLoad({ clients = 200, seconds = 60 } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'sloth-runner-bench-'));
  const db = join(folder, 's.db');
  const backend = await StateBackend.open(db, { actor: 'bench' });
  const server = await startServer(backend, { listen: '127.0.0.1:0' });
  try {
    const args = [CLIENTS, server.url, String(clients), String(seconds)];
    const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 27 });
    const { errors, failed, latencies, stored } = JSON.parse(stdout);
    await server.close();
    // Read by somebody who knows nothing of the server's memory.
    const fresh = await backend.getTerraformStates();
    let lost = 0;
    for (const { client, digest } of stored) {
      const state = await fresh.get(`load-${client}`);
      if (
        createHash('sha256')
          .update(state?.text ?? '')
          .digest('hex') !== digest
      )
        lost += 1;
    }
    const { position } = await backend.head();
    const { holds } = await backend.getAdmin().verify();
    if (failed > 0 || lost > 0 || !holds) throw new Error(JSON.stringify({ failed, errors, lost, holds }));
    const show = (value) => `${value.toFixed(1)} ms`;
    return Object.entries(latencies).map(([what, { count, p50, p99, max }]) => ({
      what,
      requests: count,
      'per second': Math.round(count / seconds),
      p50: show(p50),
      p99: show(p99),
      slowest: show(max),
      'errors / lost': `${failed} / ${lost}`,
      'events in the log': position,
    }));
  } finally {
    await backend.close();
    rmSync(folder, { recursive: true });
  }
}
