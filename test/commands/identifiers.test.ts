import { describe, expect, test } from 'vitest';
import { type IdentifierKind, identifiersOf, textFields } from '../../src/commands/identifiers.js';
import { COMMANDS, type CommandType } from '../../src/commands/index.js';

/** Texts of commands that are not names: no authorisation depends on them. */
const FREE_TEXTS = new Set(
  [
    'action description document.description document.origin.format document.origin.lineage document.status',
    'document.version document.workflowFile error errorMessage expiresAt info lastApplied module operation outputs.*.name path reason removeOutputs.*',
    'resourceType resources.*.errorMessage resources.*.lastApplied resources.*.module resources.*.name',
    'resources.*.state resources.*.type state status succession.lineage tags.* version who workflowFile',
  ].flatMap((line) => line.split(' ')),
);

const KINDS: Readonly<Record<string, IdentifierKind>> = {
  stack: 'stack',
  'create.id': 'stackId',
  'resources.*.id': 'resourceId',
  'resources.*.dependencies.*': 'resource',
  'remove.*': 'resource',
  'findings.*.resource': 'resource',
  resource: 'resource',
  dependsOn: 'resource',
  executionId: 'execution',
};
/** Fields that mean something else in some commands. */
const OF_COMMAND: { readonly [T in CommandType]?: Readonly<Record<string, IdentifierKind>> } = {
  setResource: { id: 'resourceId', 'dependencies.*': 'resource' },
  createStack: { id: 'stackId', name: 'stackName' },
  updateStack: { name: 'stackName' },
  acquireLock: { id: 'lock' },
  renewLock: { id: 'lock' },
  releaseLock: { id: 'lock' },
  breakLock: { id: 'lock' },
};

describe.each(Object.keys(COMMANDS) as CommandType[])('command %s', (type) => {
  const fields = textFields(COMMANDS[type].schema).map(({ path, kind }) => ({ field: path.join('.'), kind }));

  test('declares what each of its texts names; a new text must be declared, or listed here as free text', () => {
    for (const { field, kind } of fields) {
      const expected = { ...KINDS, ...OF_COMMAND[type] }[field];
      expect(kind, field).toBe(expected);
      if (expected === undefined) expect(FREE_TEXTS, field).toContain(field);
    }
  });

  test('names the stack that it is for, or that it creates', () => {
    const wanted = type === 'createStack' ? 'stackName' : 'stack';
    expect(fields.filter(({ kind }) => kind === wanted)).toHaveLength(1);
  });
});

test('identifiers are found with their field, also in lists; omitted fields are not identifiers', () => {
  const command = {
    type: 'apply',
    stack: 'web',
    create: { id: 'chosen' },
    resources: [
      { type: 't', name: 'a' },
      { type: 't', name: 'b', id: 'r-1', dependencies: ['t.a'] },
    ],
    remove: ['t.c'],
  };
  expect(identifiersOf(COMMANDS.apply.schema, command)).toEqual([
    { kind: 'stack', field: 'stack', value: 'web' },
    { kind: 'stackId', field: 'create.id', value: 'chosen' },
    { kind: 'resourceId', field: 'resources.1.id', value: 'r-1' },
    { kind: 'resource', field: 'resources.1.dependencies.0', value: 't.a' },
    { kind: 'resource', field: 'remove.0', value: 't.c' },
  ]);
});
