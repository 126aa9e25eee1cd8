// The main job on a real Terraform state, by the command line itself: import, change, compare, roll back, log.
// Runs in a database of its own that is gone afterwards.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'sloth-runner-demo-'));
const env = { ...process.env, SLOTH_RUNNER_DB: join(folder, 'stacks.db'), SLOTH_RUNNER_ACTOR: 'demo' };

/** Runs one command as a person would, showing it and what it prints; `quiet` only returns what it prints. */
function run(args, { quiet = false, expect = 0 } = {}) {
  if (!quiet)
    console.log(`\n$ sloth-runner ${args.map((word) => (/[\s"[\]]/.test(word) ? `'${word}'` : word)).join(' ')}`);
  const { status, stdout } = spawnSync(process.execPath, [here('../bin/run.cjs'), ...args], {
    cwd: here('.'),
    env,
    encoding: 'utf8',
    stdio: ['ignore', quiet || !process.stdout.isTTY ? 'pipe' : 'inherit', 'inherit'],
  });
  if (!quiet && stdout) process.stdout.write(stdout);
  if (status !== expect) throw new Error(`sloth-runner ${args.join(' ')} exited with ${status}, not ${expect}`);
  return stdout;
}

const chapter = (title) => console.log(`\n── ${title} ${'─'.repeat(Math.max(0, 74 - title.length))}`);

try {
  chapter('A Terraform state becomes a stack');
  run(['stack', 'import', 'web', '--from', 'terraform', 'web-v1.tfstate', '-m', 'first import']);
  run(['stack', 'state', 'snapshot', 'web', '--description', 'Before the change']);

  chapter('A change, and what it changed');
  run([
    'stack',
    'resource',
    'set',
    'web',
    'terraform_data.vpc',
    '--property',
    'triggers_replace=["blue"]',
    '-m',
    'go blue',
  ]);
  run(['stack', 'state', 'diff', 'web', '--from', '1', '--to', '2']);
  run(['stack', 'state', 'blame', 'web', 'terraform_data.vpc']);

  chapter('Nobody changes a locked stack');
  run(['stack', 'state', 'lock', 'web', '--operation', 'deployment', '--who', 'pipeline', '--lock-id', 'demo-lock']);
  run(['stack', 'resource', 'remove', 'web', 'terraform_data.vpc'], { expect: 4 });
  run(['stack', 'state', 'unlock', 'web', '--lock-id', 'demo-lock']);

  chapter('Back to where it was, as a new version');
  run(['stack', 'state', 'rollback', 'web', '--version', '1']);

  chapter("Terraform's next state commits only what changed");
  run(['stack', 'import', 'web', '--from', 'terraform', 'web-v2.tfstate']);
  run(['stack', 'state', 'versions', 'web']);

  chapter('Every step is in the log');
  run(['stack', 'state', 'activity', 'web', '--limit', '12']);

  chapter('The tables are nothing but the log');
  run(['projections', 'rebuild']);
  run(['audit', 'verify']);

  chapter('The state');
  const { state_hash, resource_version, resource_count } = JSON.parse(
    run(['stack', 'state', 'show', 'web', '--output', 'json'], { quiet: true }),
  );
  console.log(`web is at version ${resource_version} with ${resource_count} resources.`);
  console.log(`state hash ${state_hash}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
