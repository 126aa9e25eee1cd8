// The specification's Go example, step by step, in TypeScript. `npx vitest run test/examples.test.ts` runs it.
import { StateBackend } from 'sloth-runner';

export async function main(path: string, print: (line: string) => void = console.log): Promise<void> {
  // Open the backend; it closes itself at the end of the block, whatever happens.
  await using backend = await StateBackend.open(path, { actor: 'admin' });

  // Create a stack.
  const stackManager = backend.getStackManager();
  await stackManager.createStack({
    id: 'stack-123',
    name: 'my-infrastructure',
    description: 'Production infrastructure',
    version: '1.0.0',
    status: 'created',
  });

  // Create a snapshot.
  const version = await backend.createSnapshot('stack-123', 'admin', 'Initial state');
  print(`Created snapshot version: ${version}`);

  // Detect drift.
  const expectedState = { instances: 3, region: 'us-east-1' };
  const actualState = { instances: 2, region: 'us-east-1' }; // drift!
  await backend.detectDrift('stack-123', 'resource-456', expectedState, actualState);

  // Get drift information.
  const drifts = await backend.getDriftInfo('stack-123');
  for (const drift of drifts) {
    if (drift.isDrifted) {
      print(`Drift detected in resource ${drift.resourceId}`);
      print(`Drifted fields: ${drift.driftedFields.join(', ')}`);
    }
  }

  // Roll back.
  await backend.rollbackToSnapshot('stack-123', 1, 'admin');

  // Tags.
  await backend.addTag('stack-123', 'production');
  await backend.addTag('stack-123', 'critical');
  print(`Tags: ${(await backend.getTags('stack-123')).join(', ')}`);

  // Beyond the example: resources, dependencies, locks, activity.
  await stackManager.setResource('stack-123', { type: 'network', name: 'main', properties: { cidr: '10.0.0.0/16' } });
  await stackManager.setResource('stack-123', { type: 'server', name: 'web', properties: { size: 3 } });
  await backend.addDependency('stack-123', 'server.web', 'network.main');
  const edges = await backend.getDependencies('stack-123', 'server.web');
  print(`server.web depends on: ${edges.map(({ target }) => target).join(', ')}`);

  const lock = await backend.lockState('stack-123', { operation: 'deployment', who: 'admin', durationMs: 30 * 60_000 });
  print(`Locked by: ${(await backend.getLockInfo('stack-123'))?.who}`);
  await stackManager.setResource(
    'stack-123',
    { type: 'server', name: 'web', properties: { size: 4 } },
    { lockId: lock.lockId },
  );
  await backend.unlockState('stack-123', lock.lockId);

  const { events } = await backend.getActivity('stack-123', { limit: 3 });
  print(`Last activity: ${events.map(({ type }) => type).join(', ')}`);
}

if (process.argv[1] === new URL(import.meta.url).pathname) await main(process.argv[2] ?? ':memory:');
