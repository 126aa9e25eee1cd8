import { describe, expect, test } from 'vitest';
import { assignments } from '../../src/cli/assignments.js';
import { defaultDatabase, type Machine } from '../../src/cli/database-path.js';
import { wantsColour } from '../../src/cli/output/colour.js';
import { escapeText } from '../../src/cli/output/escape.js';
import { fitColumns, table } from '../../src/cli/output/table.js';
import { parseAddress } from '../../src/commands/address.js';
import { stringifyJson } from '../../src/index.js';

describe('a table', () => {
  test('is cut at its widest flexible column, and only there', () => {
    expect(fitColumns([10, 30, 50], [false, true, true], 60)).toEqual([10, 23, 23]);
    expect(fitColumns([10, 30, 5], [false, true, false], 100)).toEqual([10, 30, 5]);
    expect(fitColumns([40, 40], [false, false], 20)).toEqual([40, 40]);
  });

  test('fits with wide characters, and marks cut cells', () => {
    const rows = [
      ['資源資源資源資源資源', 'x'.repeat(40)],
      ['👩‍👩‍👧‍👦 family', 'short'],
    ];
    const lines = table(
      [
        { title: 'NAME', flexible: true },
        { title: 'VALUE', flexible: true },
      ],
      rows,
      30,
    ).split('\n');
    expect(lines).toHaveLength(3);
    expect(lines.join('\n')).toContain('…');
  });

  test('without a terminal is never cut', () => {
    expect(table([{ title: 'A', flexible: true }], [['x'.repeat(500)]])).toContain('x'.repeat(500));
  });
});

describe('text from the state', () => {
  test.each([
    ['\u001b[31m', '\\u001b[31m'],
    ['a\nb\tc', 'a\\nb\\tc'],
    ['\u202e\u2066', '\\u202e\\u2066'],
    ['\ud800', '\\ud800'],
    ['😀 é 資', '😀 é 資'],
    ['\u009b', '\\u009b'],
  ])('%j is shown as %j', (text, shown) => {
    expect(escapeText(text)).toBe(shown);
  });
});

describe('colour', () => {
  test.each<[NodeJS.ProcessEnv, boolean, boolean]>([
    [{}, true, true],
    [{}, false, false],
    [{ NO_COLOR: '1' }, true, false],
    [{ NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
    [{ FORCE_COLOR: '1' }, false, true],
    [{ FORCE_COLOR: '0' }, true, false],
    [{ CI: 'true' }, false, false],
    [{ TERM: 'dumb' }, true, false],
  ])('%j on a terminal: %s', (env, isTty, wanted) => {
    expect(wantsColour(env, isTty)).toBe(wanted);
  });
});

describe('the default database', () => {
  const machine = (existing: readonly string[], writable: readonly string[]): Machine => ({
    home: '/home/ana',
    exists: (path) => existing.includes(path),
    writable: (path) => writable.includes(path),
  });
  const SYSTEM = '/etc/sloth-runner/stacks.db';
  const OWN = '/home/ana/.sloth-runner/stacks.db';

  test.each([
    ['the system one where it exists', machine([SYSTEM], []), SYSTEM],
    ['the system one where its folder can be written', machine(['/etc/sloth-runner'], ['/etc/sloth-runner']), SYSTEM],
    ['the system one where its folder can be made', machine([], ['/etc']), SYSTEM],
    ["the user's where the folder is not theirs", machine(['/etc/sloth-runner'], ['/etc']), OWN],
    ["the user's otherwise", machine([], []), OWN],
  ])('is %s', (_, on, path) => {
    expect(defaultDatabase(on).path).toBe(path);
  });
});

describe('an address', () => {
  test.each([
    ['server.web', '', 'server', 'web'],
    ['file./etc/nginx.conf', '', 'file', '/etc/nginx.conf'],
    ['data.aws_ami.x', '', 'data.aws_ami', 'x'],
    ['module.a.module.b["k.1"].t.n[0]', 'module.a.module.b["k.1"]', 't', 'n[0]'],
  ])('%s', (address, module, type, name) => {
    expect(parseAddress(address)).toEqual({ module, type, name });
  });

  test.each(['web', '', '.web', 'server.'])('"%s" is refused', (address) => {
    expect(() => parseAddress(address)).toThrow(/is not an address/);
  });

  test('names its module once', () => {
    expect(parseAddress('t.n', 'app')).toEqual({ module: 'app', type: 't', name: 'n' });
    expect(() => parseAddress('module.a.t.n', 'app')).toThrow(/names its module already/);
  });
});

describe('properties on the command line', () => {
  const assigned = async (...args: Parameters<typeof assignments>) => (await assignments(...args)).properties;

  test('are read as JSON if they are valid JSON, else as text', async () => {
    const pairs = ['n=3', 't=three', 's="3"', 'l=[1,2]', 'e=', 'eq=a=b', 'b=true', 'big=12345678901234567890'];
    expect(stringifyJson(await assigned(pairs, { kept: 1 }))).toBe(
      '{"kept":1,"n":3,"t":"three","s":"3","l":[1,2],"e":"","eq":"a=b","b":true,"big":12345678901234567890}',
    );
  });

  test('keep a key named __proto__', async () => {
    expect(Object.keys(await assigned(['__proto__=1'], {}))).toEqual(['__proto__']);
  });

  test('that look like JSON but are invalid are refused', async () => {
    await expect(assigned(['l=[1,'], {})).rejects.toThrow(/not valid JSON/);
    await expect(assigned(['novalue'], {})).rejects.toThrow(/KEY=VALUE/);
    await expect(assigned(['n=1e1000000'], {})).rejects.toThrow(/exponent of more than 6 digits/);
  });
});
