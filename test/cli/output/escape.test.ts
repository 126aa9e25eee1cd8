import { describe, expect, it } from 'vitest';
import { escapeText, jsonText, safeText } from '../../../src/cli/output/escape.js';
import { entriesCsv } from '../../../src/cli/present/log.js';
import { StateBackend } from '../../../src/index.js';

/** What a reader cannot see, or what moves the cursor or the direction of writing (Unicode 15 and later). */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Default_Ignorable_Code_Point}\u2800\u{1d159}\u{16fe4}]/u;

const ESCAPED = /^a\\(n|t|u[0-9a-f]{4}|u\{[0-9a-f]{5,6}\})b$/;

const everyCharacter = function* () {
  for (let code = 0; code <= 0x10ffff; code += 1) yield String.fromCodePoint(code);
};

describe('a text for people', () => {
  it('holds no character of Unicode that is invisible, and every other as it is', () => {
    const wrong: string[] = []; // a call of `expect` for each of a million takes 10 s
    for (const character of everyCharacter()) {
      const shown = escapeText(`a${character}b`);
      const isRight = HIDDEN.test(character) ? ESCAPED.test(shown) : shown === `a${character}b`;
      if (!isRight) wrong.push(shown);
    }
    expect(wrong).toEqual([]);
  });

  it.each([
    ['a zero-width space', 'pro\u200bd', 'pro\\u200bd'],
    ['an Arabic letter mark', '\u061cprod', '\\u061cprod'],
    ['a byte order mark', '\ufeffprod', '\\ufeffprod'],
    ['a soft hyphen', 'pr\u00adod', 'pr\\u00adod'],
    ['a line separator', 'a\u2028b\u2029c', 'a\\u2028b\\u2029c'],
    ['a change of direction', '\u202egpj.exe', '\\u202egpj.exe'],
    ['isolates', '\u2066a\u2069', '\\u2066a\\u2069'],
    ['tags', 'prod\u{e0041}\u{e007f}', 'prod\\u{e0041}\\u{e007f}'],
    ['variation selectors', 'a\ufe0f\u{e0100}', 'a\\ufe0f\\u{e0100}'],
    ['a Hangul filler', 'a\u3164b\u115f', 'a\\u3164b\\u115f'],
    ['symbols without a picture', 'a\u2800b\u{1d159}', 'a\\u2800b\\u{1d159}'],
    ['a grapheme joiner', 'a\u034fb', 'a\\u034fb'],
    ['private use', 'a\ue000\u{f0000}', 'a\\ue000\\u{f0000}'],
    ['half of a pair', 'a\ud800b', 'a\\ud800b'],
    ['an escape sequence', '\u001b[2J\u009b1m\u007f', '\\u001b[2J\\u009b1m\\u007f'],
    ['joined emoji', '👩\u200d🚀', '👩\\u200d🚀'],
    ['accents and emoji, as they are', 'é e\u0301 漢 😀 \u00a0', 'é e\u0301 漢 😀 \u00a0'],
  ])('shows %s', (_, text, shown) => {
    expect(escapeText(text)).toBe(shown);
  });

  it('keeps line breaks and colours where it was laid out already', () => {
    expect(safeText('\u001b[1mname\u001b[22m\nsecond\u200b\r\u001b[2J\t')).toBe(
      '\u001b[1mname\u001b[22m\nsecond\\u200b\\u000d\\u001b[2J\\t',
    );
  });
});

describe('JSON on standard output', () => {
  it('holds no invisible character, and says the same', () => {
    const value = { 'a\u200b': ['\u009b1m', '\u{e0041}', '\u202e', '\ud800', '\n', 'é', '👩\u200d🚀', '\\u200b'] };
    for (const indent of [0, 2]) {
      const text = jsonText(value, indent);
      expect(text.replaceAll('\n', '')).not.toMatch(HIDDEN);
      expect(JSON.parse(text)).toEqual(value);
    }
  });
});

describe('CSV of the log', () => {
  it.each([
    ['escapes invisible characters for a terminal', true, 'a\\u202eb'],
    ['keeps texts exactly for a file or a pipe', false, 'a\u202eb'],
  ])('%s', async (_, forTerminal, reason) => {
    await using backend = await StateBackend.open(':memory:', { actor: 'ana' });
    await backend.getStackManager().createStack({ name: 'web' }, { reason: 'a\u202eb' });
    for await (const entry of backend.getLog()) expect(entriesCsv([entry], { forTerminal })).toContain(`,${reason},`);
    expect.hasAssertions();
  });
});
