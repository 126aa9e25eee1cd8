import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const BIN = new URL('../../bin/', import.meta.url).pathname;
const BUNDLE = new URL('../../dist/bundle/', import.meta.url).pathname;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sloth-runner-start-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs a program on the code cache in a process of its own. */
function node(program: string, flags: readonly string[] = []): string {
  const script = `const { codeOf, keepCode, loadBundle } = require(${JSON.stringify(join(BIN, 'code-cache.cjs'))});
const file = ${JSON.stringify(join(folder, 'bundle.cjs'))};
${program}`;
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, '-e', script], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout;
}

const BODY =
  "exports.where = __filename; exports.say = () => 'one'; exports.self = () => require(__filename) === exports;";
const KEEP = 'keepCode(file, async ({ say }) => say());';
const SAY = 'const bundle = loadBundle(file); console.log(bundle.say(), bundle.self(), bundle.where === file);';

describe('the code of the bundle', () => {
  it('is created by the build, for the V8 that builds', () => {
    const code = node(`console.log(codeOf(${JSON.stringify(join(BUNDLE, 'main.cjs'))}))`).trim();
    expect(readdirSync(BUNDLE).map((name) => join(BUNDLE, name))).toContain(code);
  });

  it('is used, and gives the same module as `require`', () => {
    writeFileSync(join(folder, 'bundle.cjs'), BODY);
    node(KEEP);
    expect(readdirSync(folder)).toHaveLength(2);
    expect(node(SAY)).toBe('one true true\n');
  });

  it('is not needed', () => {
    writeFileSync(join(folder, 'bundle.cjs'), BODY);
    expect(node(SAY)).toBe('one true true\n');
  });

  it('is not used for another text, nor by a V8 with other flags', () => {
    writeFileSync(join(folder, 'bundle.cjs'), BODY);
    node(KEEP);
    expect(node(SAY, ['--max-old-space-size=300'])).toBe('one true true\n');
    writeFileSync(join(folder, 'bundle.cjs'), BODY.replace('one', 'another'));
    expect(node(SAY)).toBe('another true true\n');
  });

  it('is what actually runs', () => {
    writeFileSync(join(folder, 'bundle.cjs'), BODY);
    node(KEEP);
    const [code = ''] = readdirSync(folder).filter((name) => name !== 'bundle.cjs');
    const kept = readFileSync(join(folder, code)).toString('latin1').replace('one', 'two');
    writeFileSync(join(folder, code), kept, 'latin1');
    expect(node(SAY)).toBe('two true true\n');
  });
});
