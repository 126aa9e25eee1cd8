// Repeatedly commits a counter to every part of one stack, until its input ends.
import { StateBackend } from '../../dist/index.js';

const [, , db] = process.argv;
const backend = await StateBackend.open(db, { actor: 'writer' });
const manager = backend.getStackManager();
let ended = false;
process.stdin.on('end', () => (ended = true)).resume();
for (let n = 1; !ended; n++) {
  const resources = ['a', 'b'].map((name) => ({ type: 't', name, properties: { n } }));
  const document = { description: String(n) };
  const { version } = await manager.apply({ stack: 's', document, resources, outputs: [{ name: 'n', value: n }] });
  if (version !== n + 1) throw new Error(`commit ${n} made version ${version}`);
  if (n === 1) process.stdout.write('begun\n');
}
await backend.close();
