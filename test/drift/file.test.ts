import { describe, expect, test } from 'vitest';
import { actualFile } from '../../src/drift/index.js';
import { parseJson, stringifyJson } from '../../src/lib/json.js';
import { bytes, expected, look } from './support.js';

const vpc = expected('aws_vpc.a', { cidr: '10.0.0.0/16' });
const gone = expected('aws_vpc.gone');
const unlisted = expected('aws_vpc.unlisted');

describe('a file of the actual state', () => {
  const json = '{"aws_vpc.a": {"cidr": "10.1.0.0/16", "n": 12345678901234567890}, "aws_vpc.gone": null}';

  test('returns properties and missing resources; resources that it does not list were not checked', async () => {
    const { found, notes } = await look(actualFile(bytes(json), 'actual.json'), [vpc, gone, unlisted]);
    expect(stringifyJson(found)).toBe(stringifyJson(parseJson(json)));
    expect(notes).toEqual([]);
  });

  test('if it is complete, it lists all resources', async () => {
    const { found } = await look(actualFile(bytes(json), 'actual.json', { complete: true }), [vpc, gone, unlisted]);
    expect(Object.keys(found)).toEqual(['aws_vpc.a', 'aws_vpc.gone', 'aws_vpc.unlisted']);
    expect(found['aws_vpc.unlisted']).toBeNull();
  });

  test('may be YAML', async () => {
    const yaml = 'aws_vpc.a:\n  cidr: 10.1.0.0/16\naws_vpc.gone: null\n';
    const { found } = await look(actualFile(bytes(yaml), 'actual.yaml'), [vpc, gone]);
    expect(found).toEqual({ 'aws_vpc.a': { cidr: '10.1.0.0/16' }, 'aws_vpc.gone': null });
  });

  test('keeps an address and a property named __proto__', async () => {
    const odd = '{"__proto__": {"__proto__": {"x": 1}}}';
    const [observation] = (await look(actualFile(bytes(odd), 'a.json'), [expected('__proto__')])).observations;
    expect(stringifyJson(observation)).toBe('{"address":"__proto__","actual":{"__proto__":{"x":1}}}');
  });

  test('reports at the end addresses that were not requested, five by name', async () => {
    const text = JSON.stringify(
      Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((k) => [`aws_vpc.${k}`, {}])),
    );
    const { notes } = await look(actualFile(bytes(text), 'a.json'), [vpc]);
    expect(notes).toEqual([
      'a.json: 6 addresses ignored, because the stack has no such resources: aws_vpc.b, aws_vpc.c, aws_vpc.d, aws_vpc.e, aws_vpc.f, …',
    ]);
    const one = await look(actualFile(bytes('{"x.y": null}'), 'a.json'), [vpc]);
    expect(one.notes).toEqual(['a.json: 1 address ignored, because the stack has no such resources: x.y']);
  });

  test.each([
    ['[]', 'document'],
    ['"text"', 'document'],
    ['12345678901234567890', 'document'],
    ['{"aws_vpc.a": {}, "aws_vpc.b": []}', 'aws_vpc.b'],
    ['{"aws_vpc.a": {}, "aws_vpc.b": 1.0}', 'aws_vpc.b'],
    ['{"aws_vpc.a": {}, "aws_vpc.b": false}', 'aws_vpc.b'],
  ])('refuses %s at once', (text, field) => {
    expect(() => actualFile(bytes(text), 'a.json')).toThrow(
      expect.objectContaining({ code: 'ACTUAL_INVALID', details: { field, file: 'a.json' } }),
    );
  });

  test('refuses a repeated address, and invalid JSON', () => {
    expect(() => actualFile(bytes('{"a.b": {}, "a.b": null}'), 'a.json')).toThrow(/occurs twice/);
    expect(() => actualFile(bytes('{'), 'a.json')).toThrow(expect.objectContaining({ code: 'INVALID_JSON' }));
  });

  test('stops when it is aborted', async () => {
    const stop = new AbortController();
    stop.abort(new Error('enough'));
    const source = actualFile(bytes(json), 'a.json');
    await expect(look(source, [vpc], { signal: stop.signal })).rejects.toThrow('enough');
  });

  test('finds each of 100,000 resources', async () => {
    const resources = Array.from({ length: 100_000 }, (_, n) => expected(`t.r${n}`));
    const text = JSON.stringify(Object.fromEntries(resources.map(({ address }, n) => [address, { n }])));
    const { observations, notes } = await look(actualFile(bytes(text), 'a.json'), resources);
    expect(observations).toHaveLength(100_000);
    expect(observations[99_999]).toEqual({ address: 't.r99999', actual: { n: 99_999 } });
    expect(notes).toEqual([]);
  });
});
