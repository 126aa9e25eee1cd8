import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { changesText, diffText } from '../../../src/cli/present/diff.js';
import { blameTable } from '../../../src/cli/present/resource.js';
import { StateBackend } from '../../../src/index.js';

const SECRET = 'v1:';
const read = (name: string) => readFileSync(new URL(`../../fixtures/pulumi/${name}`, import.meta.url));

/** A state of Pulumi's with secrets in inputs, in outputs, in pending operations and in the secrets provider. */
async function imported() {
  const backend = await StateBackend.open(':memory:', { actor: 'ana' });
  const first = await backend.importCommand('shop', read('shop-1.json'), { from: 'pulumi', allowMissing: true });
  await backend.execute(first);
  // What belongs to no resource changes as well: an operation that is under way.
  const next = JSON.parse(read('shop-2.json').toString());
  const secret = {
    '4dabf18193072939515e22adb298388d': '1b47061264138c4ac30d75fd1eb44270',
    ciphertext: `${SECRET}pending`,
  };
  const [resource] = next.deployment.resources;
  next.deployment.pending_operations = [{ resource: { ...resource, inputs: { secret } }, type: 'creating' }];
  const document = Buffer.from(JSON.stringify(next));
  const second = await backend.importCommand('shop', document, { from: 'pulumi', allowMissing: true });
  return { backend, second };
}

test('no secret of another tool is shown: in a plan, a difference, or whose a field is', async () => {
  const { backend, second } = await imported();
  expect(read('shop-1.json').toString()).toContain(SECRET);
  const plan = await backend.execute(second, { dryRun: true });
  expect(plan.changes.some(({ what, fields }) => what === 'stack' && fields.length > 0)).toBe(true);
  expect(changesText(plan.changes)).not.toContain(SECRET);
  await backend.execute(second);
  expect(diffText(await backend.diff('shop', 1, 2))).not.toContain(SECRET);
  const { resources } = await backend.getResources('shop');
  let hidden = 0;
  for (const { address } of resources) {
    const blame = await backend.getBlame('shop', address);
    const text = blameTable(blame.fields, blame.hidden);
    expect(text).not.toContain(SECRET);
    if (text.includes('(sensitive)')) hidden++;
  }
  expect(hidden).toBeGreaterThan(0);
  await backend.close();
});
