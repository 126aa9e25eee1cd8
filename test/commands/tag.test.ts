import { describe, expect, it } from 'vitest';
import { given, lockAcquired, request, stackCreated, tagAdded } from '../support/decision.js';

const stack = stackCreated();

describe('addTags', () => {
  it('adds each missing tag once, in the given order', () => {
    given(stack, tagAdded('b'))
      .when({ type: 'addTags', stack: 'web', tags: ['c', 'b', 'a', 'c'] })
      .thenEvents({ type: 'TagAdded', data: { tag: 'c' } }, { type: 'TagAdded', data: { tag: 'a' } });
  });

  it('records nothing if all exist', () => {
    given(stack, tagAdded('a'))
      .when({ type: 'addTags', stack: 'web', tags: ['a', 'a'] })
      .thenEvents();
  });

  it('needs no lock', () => {
    given(stack, lockAcquired())
      .when({ type: 'addTags', stack: 'web', tags: ['a'] })
      .thenEvents({ type: 'TagAdded', data: { tag: 'a' } });
  });

  it('requests each tag once', () => {
    expect(request({ type: 'addTags', stack: 'web', tags: ['a', 'b', 'a'] }).keys).toEqual({
      stack: 'web',
      tags: ['a', 'b'],
    });
  });
});

describe('removeTags', () => {
  it('removes each tag once', () => {
    given(stack, ['a', 'b', 'c'].map(tagAdded))
      .when({ type: 'removeTags', stack: 'web', tags: ['c', 'a', 'c'] })
      .thenEvents({ type: 'TagRemoved', data: { tag: 'c' } }, { type: 'TagRemoved', data: { tag: 'a' } });
  });

  it('refuses all if one is missing', () => {
    const error = given(stack, tagAdded('a'))
      .when({ type: 'removeTags', stack: 'web', tags: ['a', 'x'] })
      .refused('TAG_NOT_FOUND');
    expect(error).toMatchObject({ exitCode: 3, details: { stack: 'web', tag: 'x' } });
  });
});

describe.each(['addTags', 'removeTags'] as const)('%s', (type) => {
  it.each<[string, unknown, string]>([
    ['no tag', [], 'tags'],
    ['an empty tag', ['a', ''], 'tags.1'],
    ['a tag of 129 bytes', ['x'.repeat(129)], 'tags.0'],
    ['a tag with a line break', ['a\nb'], 'tags.0'],
    ['a tag that is a number', [7], 'tags.0'],
    ['a bare tag', 'a', 'tags'],
  ])('refuses %s', (_, tags, field) => {
    const error = given(stack, tagAdded('a'))
      .when({ type, stack: 'web', tags: tags as string[] })
      .refused('INVALID_INPUT');
    expect(error.details.field).toBe(field);
  });
});
