import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import { table as coloured, terminalWidth } from '../../../src/cli/output/table.js';

/** Without the colours that FORCE_COLOR would add. */
const table = (...given: Parameters<typeof coloured>): string => stripVTControlCharacters(coloured(...given));

const COLUMNS = [
  { title: 'NAME', flexible: true },
  { title: 'VALUE', flexible: true },
  { title: 'N', align: 'right' },
] as const;

describe('a table', () => {
  test.each([60, 40, 25, 20])('is never wider than %i columns, whatever is written in it', (width) => {
    const rows = [
      ['資料庫伺服器一二三四五六七八九十', 'plain', '1'],
      ['👩‍👩‍👧‍👦family👍🏽 flag🇧🇷 e\u0301', 'ﬁ ☺️ ❤️ 1️⃣', '22'],
      [`\u001b[32m${'green'.repeat(20)}\u001b[39m`, 'x', '3'],
    ];
    const lines = table(COLUMNS, rows, width).split('\n');
    expect(lines).toHaveLength(4);
    expect(Math.max(...lines.map((line) => stringWidth(line)))).toBeLessThanOrEqual(width);
    expect(lines.join('')).not.toMatch(/\p{Cs}/u); // no emoji cut in half
    expect(lines.at(-1)).toMatch(/3$/); // the fixed column is still there
  });

  test('cuts nothing where it fits, and no column that is not flexible', () => {
    expect(table(COLUMNS, [['web', 'on', '1']], 80)).toBe('NAME  VALUE  N\nweb   on     1');
    expect(table([{ title: 'ID' }], [['x'.repeat(40)]], 10)).toBe(`ID\n${'x'.repeat(40)}`);
  });

  test('with a cell of two megabytes, blanks in it, takes no longer than to write it', () => {
    const long = 'x'.repeat(2_000_000);
    const blanks = `a${' '.repeat(2_000_000)}b`;
    const rows = [[long, 'on', '1'], ...Array.from({ length: 1_000 }, () => ['web', '', '']), [blanks, blanks, '3']];
    const lines = table(COLUMNS, rows, Number.POSITIVE_INFINITY).split('\n');
    expect(lines[1]).toBe(`${long}  on     1`);
    expect(lines[2]).toBe('web');
    expect(lines.at(-1)).toBe(`${blanks}  ${blanks}  3`);
    const narrow = table(COLUMNS, rows, 80).split('\n');
    expect(Math.max(...narrow.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  test('of emoji that the libraries measure differently fits a wide terminal', () => {
    const lines = table(COLUMNS, [['✅'.repeat(20_000), 'on', '1']], 9_999).split('\n');
    expect(Math.max(...lines.map((line) => stringWidth(line)))).toBeLessThanOrEqual(9_999);
  });

  test('without rows is its titles', () => {
    expect(table(COLUMNS, [], 80)).toBe('NAME  VALUE  N');
  });

  test('of every resource of a large stack is laid out in seconds, in order and in line', () => {
    const rows = Array.from({ length: 150_000 }, (_, index) => [`resource-${index}`, 'v', String(index)]);
    const lines = table(COLUMNS, rows, 80).split('\n');
    expect(lines).toHaveLength(150_001);
    expect(lines[501]).toBe('resource-500     v         500');
    expect(lines[150_000]).toBe('resource-149999  v      149999');
  });
});

describe('the width to fit', () => {
  test.each<[string, Partial<NodeJS.WriteStream>, NodeJS.ProcessEnv, number]>([
    ["the terminal's", { isTTY: true, columns: 120 }, { COLUMNS: '40' }, 120],
    ['80 where the terminal does not know', { isTTY: true, columns: 0 }, {}, 80],
    ['COLUMNS without a terminal', { isTTY: false }, { COLUMNS: '40' }, 40],
    ['without limit where nothing tells', { isTTY: false }, {}, Number.POSITIVE_INFINITY],
    [
      'without limit where COLUMNS is no terminal',
      { isTTY: false },
      { COLUMNS: '1000000000' },
      Number.POSITIVE_INFINITY,
    ],
    ['without limit where COLUMNS is no width', { isTTY: false }, { COLUMNS: '-5' }, Number.POSITIVE_INFINITY],
  ])('is %s', (_, stdout, env, width) => {
    expect(terminalWidth(stdout, env)).toBe(width);
  });
});
