import { describe, expect, it } from 'vitest';
import {
  ANNOTATIONS,
  catalogue,
  EVENT_TYPES,
  isEventType,
  raisesVersion,
  resourceAddress,
} from '../../src/events/index.js';
import { JsonNumber } from '../../src/lib/json.js';

const RAISING = [
  'DependencyAdded',
  'DependencyRemoved',
  'ExecutionCompleted',
  'ExecutionFailed',
  'ExecutionStarted',
  'OutputRemoved',
  'OutputSet',
  'ResourceCreated',
  'ResourceRemoved',
  'ResourceUpdated',
  'StackCreated',
  'StackDeleted',
  'StackRestored',
  'StackRolledBack',
  'StackUpdated',
];
const NOT_RAISING = [
  'ActivityRecorded',
  'DriftCleared',
  'DriftDetected',
  'DriftIgnored',
  'DriftResolved',
  'DriftRuleAdded',
  'DriftRuleRemoved',
  'LockAcquired',
  'LockBroken',
  'LockExpired',
  'LockReleased',
  'LockRenewed',
  'NothingChanged',
  'SnapshotTaken',
  'TagAdded',
  'TagRemoved',
];

describe('the catalogue', () => {
  it('raises the version by what changes state, and by nothing else', () => {
    expect(EVENT_TYPES.filter(raisesVersion).sort()).toEqual(RAISING);
    expect(EVENT_TYPES.filter((type) => !raisesVersion(type)).sort()).toEqual(NOT_RAISING);
  });

  it('knows its types and no inherited ones', () => {
    expect(EVENT_TYPES.every(isEventType)).toBe(true);
    for (const type of ['toString', '__proto__', 'constructor', '', 'stackCreated'])
      expect(isEventType(type)).toBe(false);
  });

  it.each(EVENT_TYPES)('%s refuses a field that is not its own', (type) => {
    const result = catalogue[type].safeParse({ unheardOf: 1 });
    expect(result.success).toBe(false);
    expect(result.error?.issues.some(({ code }) => code === 'unrecognized_keys')).toBe(true);
  });

  it('takes no exact number for a record', () => {
    const value = {
      resource: 1,
      module: '',
      type: 'a',
      name: 'b',
      dependencies: [],
      state: 'applied',
      metadata: new JsonNumber('1.0'),
      checksum: 'c',
      lastApplied: null,
      errorMessage: null,
    };
    expect(catalogue.ResourceUpdated.safeParse({ ...value, properties: {} }).success).toBe(true);
    for (const properties of [new JsonNumber('1.0'), [], null, 1, 'x', undefined]) {
      expect(catalogue.ResourceUpdated.safeParse({ ...value, properties }).success).toBe(false);
    }
  });
});

describe('the address of a resource', () => {
  it('is module.type.name, without the module in the root', () => {
    expect(resourceAddress({ module: '', type: 'aws_vpc', name: 'main' })).toBe('aws_vpc.main');
    expect(resourceAddress({ module: 'module.net', type: 'aws_vpc', name: 'main["a.b"]' })).toBe(
      'module.net.aws_vpc.main["a.b"]',
    );
  });
});

it('names the types of the index events_signals: another list is another schema of both databases', () => {
  expect([...ANNOTATIONS].sort()).toEqual([
    'DriftCleared',
    'DriftDetected',
    'DriftIgnored',
    'DriftResolved',
    'DriftRuleAdded',
    'DriftRuleRemoved',
    'LockAcquired',
    'LockBroken',
    'LockExpired',
    'LockReleased',
    'LockRenewed',
    'StackDeleted',
    'StackRestored',
    'TagAdded',
    'TagRemoved',
  ]);
});
