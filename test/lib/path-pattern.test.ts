import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../src/lib/errors.js';
import { parseJson } from '../../src/lib/json.js';
import { fieldChanges } from '../../src/lib/json-diff.js';
import { pathSteps } from '../../src/lib/json-path.js';
import { covers, matchesText, parsePattern } from '../../src/lib/path-pattern.js';
import { jsonText } from '../support/json-arbitraries.js';

const covered = (pattern: string, path: string): boolean => covers(parsePattern(pattern, 'path'), pathSteps(path));

describe('a pattern of paths', () => {
  it.each<[pattern: string, covered: readonly string[], not: readonly string[]]>([
    ['tags', ['$.tags', '$.tags.Name', '$.tags["a.b"]', '$.tags[0]'], ['$', '$.tag', '$.tagss', '$.a.tags', '$.Tags']],
    ['$.tags', ['$.tags', '$.tags.Name'], ['$', '$.a.tags']],
    ['$', ['$', '$.a', '$["a b"][0].c'], []],
    ['tags.Name', ['$.tags.Name', '$.tags.Name.x'], ['$.tags', '$.tags.Other', '$.x.tags.Name']],
    ['tags.*', ['$.tags.Name', '$.tags["a.b"].c', '$.tags[""]'], ['$.tags', '$.tags[0]', '$.tags[?(@.id=="a")]']],
    ['*', ['$.a', '$.a.b'], ['$']],
    ['**', ['$', '$.a', '$.a[0].b'], []],
    ['**.etag', ['$.etag', '$.a.etag', '$.a[0].etag.x', '$.a[?(@.id=="x")].etag'], ['$', '$.a', '$.etags']],
    ['a.**', ['$.a', '$.a.b[0]'], ['$', '$.b.a']],
    ['a.**.z', ['$.a.z', '$.a.b.z', '$.a.b[1].c.z.y'], ['$.a', '$.z', '$.b.a.z', '$.a.b']],
    ['a.**.b.c', ['$.a.b.c', '$.a.b.b.c', '$.a.b.x.b.c'], ['$.a.b.x.c', '$.a.c.b']],
    ['rules[*].port', ['$.rules[0].port', '$.rules[?(@.id=="a")].port'], ['$.rules', '$.rules[0]', '$.rules.a.port']],
    ['rules[?(@.id=="a")].port', ['$.rules[?(@.id=="a")].port'], ['$.rules[0].port', '$.rules[?(@.key=="a")].port']],
    ['rules[?(@.name=="a\\"]b")]', ['$.rules[?(@.name=="a\\"]b")].x'], ['$.rules[?(@.name=="a")]']],
    ['list[3]', ['$.list[3]', '$.list[3].x'], ['$.list', '$.list[30]', '$.list["3"]', '$.list[?(@.id=="3")]']],
    ['["a.b"].c', ['$["a.b"].c'], ['$.a.b.c', '$["a.b"]']],
    ['$["a*"]', ['$["a*"]'], ['$.ab']],
    ['tags["a\\u0062"]', ['$.tags.ab'], ['$.tags.a']],
    ['tags.aws:*', ['$.tags["aws:x"]', '$.tags["aws:"]', '$.tags["aws:a.b"].c'], ['$.tags.aws', '$.tags["a:aws:x"]']],
    ['tags.*-*-x', ['$.tags.a-b-x', '$.tags["--x"]'], ['$.tags.a-x', '$.tags.a-b-xy']],
    ['tags.0', ['$.tags["0"]'], ['$.tags[0]']],
    ['tags.a b', ['$.tags["a b"]'], []],
    ['$index.x', ['$.$index.x'], ['$.x', '$.index.x']],
    ['**[*].id', ['$[0].id', '$.a[1].id', '$.a.b[?(@.id=="x")].id'], ['$.a.id']],
    ['a[*][*]', ['$.a[0][1]'], ['$.a[0]', '$.a[0].b']],
    ['é', ['$.é'], ['$["e\u0301"]']],
    ['e*', ['$["e\u0301"]', '$.e'], ['$.é']],
    ['**.__proto__', ['$.__proto__', '$.a.__proto__.b'], ['$.a']],
  ])('%s', (pattern, paths, others) => {
    expect(paths.filter((path) => !covered(pattern, path))).toEqual([]);
    expect(others.filter((path) => covered(pattern, path))).toEqual([]);
  });

  it.each<[pattern: string, at: number]>([
    ['', 1],
    ['.tags', 1],
    ['$.', 3],
    ['$..a', 3],
    ['tags.', 6],
    ['tags..Name', 6],
    ['tags.[0]', 6],
    ['tags[', 5],
    ['tags[]', 5],
    ['tags[x]', 5],
    ['tags[-1]', 5],
    ['tags[1e3]', 5],
    ['tags[1234567890123456]', 5],
    ["tags['a']", 5],
    ['tags["a]', 5],
    ['tags["a"', 5],
    ['tags["\\x"]', 5],
    ['tags["a\u0001"]', 5],
    ['tags["a"]b', 10],
    ['list[3]x', 8],
    ['rules[?(@.port==1)]', 6],
    ['rules[?(@.other=="a")]', 6],
    ['rules[?(@.id=="\\x")]', 6],
    ['a"b', 2],
    ['a]', 2],
    ['a**', 1],
    ['a.***', 3],
    ['a.**b', 3],
  ])('%j is refused, and the place named', (pattern, at) => {
    const error = (() => {
      try {
        return parsePattern(pattern, 'path');
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(InvalidInputError);
    expect(error).toMatchObject({ code: 'DRIFT_PATTERN_INVALID', details: { field: 'path', value: pattern, at } });
    expect((error as InvalidInputError).message).toContain(`at character ${at}:`);
    expect((error as InvalidInputError).hint).toBeDefined();
  });

  it('covers a change by its own path, by each path above it, and by any number of steps', () => {
    fc.assert(
      fc.property(jsonText, jsonText, (before, after) => {
        for (const { path } of fieldChanges(parseJson(before), parseJson(after))) {
          expect(covered(path, path)).toBe(true);
          expect(covered('**', path)).toBe(true);
          expect(covered(`$[*]${path.slice(1)}`, path)).toBe(false);
          const longer = `${path}[0]`;
          expect(covered(path, longer)).toBe(true);
          expect(covered(longer, path)).toBe(false);
          expect(covered(`**${path.slice(1)}`, `$.above[7]${path.slice(1)}`)).toBe(true);
        }
      }),
    );
  });

  it('takes a long pattern and a long path without trying again and again', () => {
    const deep = `$${'.a'.repeat(2_000)}`;
    expect(covered(`${'**.'.repeat(600)}b`, deep)).toBe(false);
    expect(covered(`${'**.a.'.repeat(400)}b`, deep)).toBe(false);
    expect(covered(`${'**.*.'.repeat(400)}a`, deep)).toBe(true);
    expect(covered(`tags.${'*a'.repeat(1_000)}b`, `$.tags.${'a'.repeat(50_000)}`)).toBe(false);
  });
});

describe('a pattern of texts', () => {
  it.each<[pattern: string, meant: readonly string[], not: readonly string[]]>([
    ['*', ['', 'a', 'a.b'], []],
    ['aws_*', ['aws_', 'aws_vpc'], ['aws', 'x_aws_vpc']],
    ['*_vpc', ['aws_vpc'], ['aws_vpcs']],
    ['a*a', ['aa', 'aba'], ['a', 'ab']],
    ['a*b*c', ['abc', 'axbxc', 'abbc'], ['acb', 'ab']],
    ['**', ['', 'a'], []],
    ['aws_vpc', ['aws_vpc'], ['aws_vpc2', 'AWS_vpc', '']],
    ['a.c', ['a.c'], ['abc']],
    ['*\udc00', ['\ud800\udc00'], ['\ud800']],
  ])('%j', (pattern, meant, not) => {
    expect(meant.filter((text) => !matchesText(pattern, text))).toEqual([]);
    expect(not.filter((text) => matchesText(pattern, text))).toEqual([]);
  });

  it('is looked for once, however many stars and however long the text', () => {
    const text = 'a'.repeat(10_000_000);
    expect(matchesText(`${'*a'.repeat(1_000)}*`, text)).toBe(true);
    expect(matchesText(`${'*a'.repeat(1_000)}b`, text)).toBe(false);
    expect(matchesText(`${'*ab'.repeat(600)}*`, text)).toBe(false);
    expect(matchesText('*'.repeat(2_000), text)).toBe(true);
    expect(matchesText(`*${'a'.repeat(1_000)}b*`, text)).toBe(false);
    expect(matchesText(`*b${'a'.repeat(1_000)}*`, text)).toBe(false);
  });
});
