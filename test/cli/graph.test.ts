import { describe, expect, test } from 'vitest';
import { commandLine } from '../support/cli.js';

/** A stack of three resources in versions 2 to 4, and what its graph is asked for with. */
async function shop() {
  const cli = commandLine();
  await using backend = await cli.open({ actor: 'test' });
  const stacks = backend.getStackManager();
  await stacks.createStack({ name: 'shop', id: 'shop-id' });
  await stacks.setResource('shop', { type: 'net', name: 'main', id: 'net' });
  await stacks.setResource('shop', { type: 'disk', name: 'data' });
  await stacks.setResource('shop', { type: 'app', name: 'web', dependencies: ['net.main', 'disk.data'] });
  return { cli, graph: (...words: string[]) => cli.run(['stack', 'state', 'graph', 'shop', ...words]) };
}

describe('stack state graph and impact', () => {
  test('draw a tree for people', async () => {
    const { graph } = await shop();
    expect((await graph()).stdout).toBe('app.web\n├─ disk.data\n└─ net.main\n');
    expect((await graph('--root', 'net', '--reverse')).stdout).toBe('net.main\n└─ app.web\n');
    expect((await graph('--root', 'app.web', '--depth', '1', '--format', 'tree')).stdout).toContain('└─ net.main');
    expect((await graph('--at-version', '2')).stdout).toBe('net.main\n');
  });

  test('give the same JSON by --format and by --output', async () => {
    const { graph } = await shop();
    const byOutput = await graph('--output', 'json');
    expect(JSON.parse(byOutput.stdout)).toEqual({
      stack_id: 'shop-id',
      version: 4,
      nodes: [
        { address: 'app.web', id: 'res-4', type: 'app', missing: false },
        { address: 'disk.data', id: 'res-3', type: 'disk', missing: false },
        { address: 'net.main', id: 'net', type: 'net', missing: false },
      ],
      edges: [
        { from: 'app.web', to: 'disk.data', type: 'explicit', path: null },
        { from: 'app.web', to: 'net.main', type: 'explicit', path: null },
      ],
      order: ['disk.data', 'net.main', 'app.web'],
      cycles: [],
    });
    expect(await graph('--format', 'json')).toEqual(byOutput);
    expect(await graph('--format=json', '--output', 'json')).toEqual(byOutput);
  });

  test('write DOT and Mermaid', async () => {
    const { graph } = await shop();
    expect((await graph('--format', 'dot')).stdout).toContain('"app.web" -> "net.main";');
    expect((await graph('--format', 'mermaid')).stdout).toContain('n0 --> n2');
  });

  test('list what a change reaches, in order', async () => {
    const { cli } = await shop();
    expect(await cli.text('stack', 'state', 'impact', 'shop', 'net')).toMatch(
      /^# +RESOURCE +TYPE +DEPTH +VIA\n1 +app\.web +app +1 +net\.main\n$/,
    );
    expect(await cli.json('stack', 'state', 'impact', 'shop', 'net.main')).toEqual({
      stack_id: 'shop-id',
      version: 4,
      resource: 'net.main',
      affected: [{ address: 'app.web', type: 'app', depth: 1, via: ['net.main'] }],
    });
    expect(await cli.text('stack', 'state', 'impact', 'shop', 'net.main', '--at-version', '3')).toBe(
      'Nothing depends on net.main.\n',
    );
  });

  test.each<[string, readonly string[], number, string]>([
    ['two formats at once', ['--format', 'dot', '--output', 'json'], 2, '--output json'],
    ['an unknown format', ['--format', 'png'], 2, 'png'],
    ['a depth without a root', ['--depth', '2'], 2, '--root'],
    ['reverse without a root', ['--reverse'], 2, '--root'],
    ['no depth', ['--root', 'net.main', '--depth', '0'], 2, '--depth'],
    ['an unknown root', ['--root', 'net.zzz'], 3, 'net.zzz'],
    ['a version that never was', ['--at-version', '99'], 3, 'version 99'],
  ])('refuse %s', async (_, words, code, named) => {
    const { graph } = await shop();
    const refused = await graph(...words);
    expect(refused.code).toBe(code);
    expect(refused.stdout + refused.stderr).toContain(named);
  });

  test('print errors as JSON with --format json and --output json', async () => {
    const { graph } = await shop();
    for (const words of [['--format', 'json'], ['--format=json'], ['--output', 'json']]) {
      const refused = await graph(...words, '--root', 'net.zzz');
      expect(refused.code).toBe(3);
      expect(JSON.parse(refused.stdout).error).toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
      expect(refused.stderr).toBe('');
    }
    expect(JSON.parse((await graph('--format', 'json', '--depth', '1')).stdout).error.details).toEqual({
      field: 'depth',
    });
  });
});
