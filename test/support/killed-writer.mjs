// Runs random commands until it is killed: `killed-writer.mjs DB WRITER LIFE SEED [rebuild]`. Prints each acknowledged
// command on its own line, unbuffered: the command and its receipt. With `rebuild` it also rebuilds all projections
// continuously.
import { writeSync } from 'node:fs';
import { SlothError, StateBackend } from '../../dist/index.js';

const [, , db, writer, life, seed, rebuild] = process.argv;

/** Mulberry32: the same seed gives the same commands. */
let state = Number(seed);
function random(below) {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
}
const oneOf = (values) => values[random(values.length)];

const backend = await StateBackend.open(db, { actor: `writer-${writer}`, skipRebuild: true });
const own = `own-${writer}`;
const lockId = `lock-${writer}`;
const versions = {};

const resources = (n) =>
  Array.from({ length: 1 + random(4) }, (_, index) => ({
    type: 'item',
    name: `w${writer}-${random(12)}-${index}`,
    properties: { n, text: 'x'.repeat(random(300)) },
    dependencies: random(3) === 0 ? [`item.w${writer}-0-0`] : [],
  }));
const COMMANDS = [
  (stack, n) => ({ type: 'apply', stack, resources: resources(n), outputs: [{ name: `o${writer}`, value: n }] }),
  (stack, n) => ({ type: 'apply', stack, resources: resources(n) }),
  (stack, n) => ({ type: 'apply', stack, resources: resources(n), outputs: [{ name: 'shared', value: [writer, n] }] }),
  (stack, n) => ({ type: 'updateStack', stack, description: `text ${n}`, configuration: { n } }),
  (stack) => ({ type: 'addTags', stack, tags: [`t${random(5)}`, `u${random(5)}`] }),
  (stack) => ({ type: 'removeTags', stack, tags: [`t${random(5)}`] }),
  (stack) => ({ type: 'takeSnapshot', stack, description: 'kept' }),
  (stack) => ({ type: 'rollback', stack, toVersion: 1 + random(versions[stack] ?? 1) }),
  (stack) => ({ type: 'acquireLock', stack, id: lockId, operation: 'op', ttlMs: 1_000 }),
  (stack) => ({ type: 'renewLock', stack, id: lockId, ttlMs: 1_000 }),
  (stack) => ({ type: 'releaseLock', stack, id: lockId }),
  (stack) => ({ type: 'breakLock', stack, reason: 'whoever held it may be dead' }),
  (stack, n) => ({ type: 'startExecution', stack, executionId: `${writer}-${life}-${n}` }),
  (stack) => ({
    type: 'detectDrift',
    stack,
    findings: [{ resource: `item.w${writer}-0-0`, expected: 1, actual: random(3) }],
  }),
  (_, n) => ({ type: 'createStack', name: `made-${writer}-${life}-${n}` }),
  () => ({ type: 'deleteStack', stack: own }),
  () => ({ type: 'restoreStack', stack: own }),
];

/** Commands may be refused because a stack is locked or deleted; any other error ends this process with a message. */
async function send(command, commandId) {
  const holds = random(2) === 0 && !/Lock$/.test(command.type) && command.type !== 'createStack';
  const call = { commandId, ...(holds ? { lockId } : {}) };
  try {
    const receipt = await backend.execute(command, call);
    if (command.stack) versions[command.stack] = receipt.version;
    writeSync(1, `${JSON.stringify({ command, receipt })}\n`);
  } catch (error) {
    if (!(error instanceof SlothError) || error.exitCode === 1 || error.exitCode === 7) throw error;
  }
}

async function write() {
  await send({ type: 'createStack', name: own }, `${writer}-${life}-own`);
  for (let n = 1; ; n++) {
    // Some are sent concurrently, so that they share a transaction.
    const together = Array.from({ length: 1 + random(3) }, (_, index) => {
      const stack = oneOf([own, own, 'shared']);
      return send(oneOf(COMMANDS)(stack, n), `${writer}-${life}-${n}-${index}`);
    });
    await Promise.all(together);
  }
}

async function rebuildOnAndOn() {
  for (;;) {
    await backend.getAdmin().rebuild();
    writeSync(1, '"rebuilt"\n');
  }
}

await Promise.all([write(), ...(rebuild ? [rebuildOnAndOn()] : [])]);
