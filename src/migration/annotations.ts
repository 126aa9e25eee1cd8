import { assertJson, equalJson, type Json, stringifyJson } from '../lib/json.js';
import { byBytes } from '../lib/order.js';
import { asWritten, cell, cellJson, instantOf, jsonOf, nameOf, proseOf, rowJson } from './cells.js';
import { freeName } from './names.js';
import type { Ledger } from './report.js';
import type { Cell, LegacyRecord } from './source/source.js';
import { commandId, ORDER, type Step, UNKNOWN } from './steps.js';
import { actorOf } from './versions.js';

/** What is known of the stack whose signals are read. */
export interface Stack {
  readonly id: string;
  /** The time of what has none. */
  readonly start: string;
  /** What a resource of the old system is to be called here, by its id there; its type where a row says it. */
  resource(id: string): { readonly ref: string; readonly type: string | undefined };
  readonly ledger: Ledger;
}

function timeOf(record: LegacyRecord, column: string, { start, ledger }: Stack): string {
  const at = instantOf(cell(record.row, column));
  if (at === undefined) ledger.repaired(record, { problem: `${column} is no time`, done: `${start} was taken` });
  return at ?? start;
}

const signal = (
  { id }: Stack,
  record: LegacyRecord,
  at: string,
  actor: string,
  command: Step['command'],
  reason?: string,
): Step => ({
  id: commandId(id, record.table, record.id),
  at,
  order: ORDER.signal,
  actor,
  ...(reason === undefined ? {} : { reason }),
  command,
  record,
});

const noted = (
  stack: Stack,
  record: LegacyRecord,
  at: string,
  action: string,
  details: Json,
  actor = UNKNOWN,
): Step => {
  assertJson(details, 'details');
  return signal(stack, record, at, actor, { type: 'recordActivity', stack: stack.id, action, details });
};

export function tagSteps(records: readonly LegacyRecord[], stack: Stack): Step[] {
  const tags = new Set<string>();
  return records.map((record) => {
    const tag = freeName(tags, record, cell(record.row, 'tag'), 'tag', 128, stack.ledger);
    tags.add(tag);
    const at = timeOf(record, 'created_at', stack);
    return signal(stack, record, at, UNKNOWN, { type: 'addTags', stack: stack.id, tags: [tag] });
  });
}

export function activityStep(record: LegacyRecord, stack: Stack): Step {
  const { row } = record;
  const action = stack.ledger.take(record, nameOf(cell(row, 'action'), 'action', 'unknown'));
  const said = cell(row, 'details');
  const isNumber = typeof said === 'bigint' || typeof said === 'number';
  const details = stack.ledger.take(record, asWritten(isNumber ? String(said) : said, 'details'));
  return noted(stack, record, timeOf(record, 'created_at', stack), action, details, actorOf(record, stack.ledger));
}

/** Findings of one stack, in the order of their time. */
export function driftSteps(records: readonly LegacyRecord[], stack: Stack): Step[] {
  const open = new Map<string, { readonly expected: Json; readonly actual: Json }>();
  const timed = records.map((record) => ({ record, at: timeOf(record, 'detected_at', stack) }));
  const { ledger } = stack;
  const finding = (record: LegacyRecord, at: string): Step => {
    const { row } = record;
    const id = ledger.take(record, nameOf(cell(row, 'resource_id'), 'resource_id', 'unknown', 2048));
    const expected = ledger.take(record, jsonOf(cell(row, 'expected'), 'expected'));
    const actual = ledger.take(record, jsonOf(cell(row, 'actual'), 'actual'));
    const known = stack.resource(nameOf(id, 'resource_id', 'unknown', 128).value);
    const { ref } = known;
    const type = String(cell(row, 'resource_type') ?? '');
    const reason = type === '' || known.type === type ? undefined : typeReason(record, ledger);
    const drifted = isTrue(cell(row, 'drifted'));
    const standing = open.get(ref);
    const again = standing && equalJson(standing.expected, expected) && equalJson(standing.actual, actual);
    if (drifted && !equalJson(expected, actual) && !again) {
      open.set(ref, { expected, actual });
      return signal(stack, record, at, UNKNOWN, detection(stack.id, ref, expected, actual), reason);
    }
    if (drifted || !standing) return noted(stack, record, at, 'drift', rowJson(row));
    open.delete(ref);
    return signal(stack, record, at, UNKNOWN, detection(stack.id, ref, expected, expected), reason);
  };
  return timed
    .toSorted((a, b) => byBytes(a.at, b.at))
    .flatMap(({ record, at }) => ledger.attempt(record, () => finding(record, at)));
}

const detection = (stack: string, resource: string, expected: Json, actual: Json): Step['command'] => ({
  type: 'detectDrift',
  stack,
  findings: [{ resource, expected, actual }],
});

/** The type a finding names, where nothing else here says it. */
const typeReason = (record: LegacyRecord, ledger: Ledger): string =>
  `resource type: ${ledger.take(record, proseOf(cell(record.row, 'resource_type'), 'resource_type', 60_000))}`;

const isTrue = (value: Cell): boolean => /^(1|t|true)$/i.test(String(value));

const WEEK = 7 * 86_400_000;

/**
 * A lock that still runs when the migration does is taken over; another one is history.
 * @param until when the migration began, ISO-8601 UTC
 */
export function lockSteps(records: readonly LegacyRecord[], until: string, stack: Stack): Step[] {
  let free = true;
  return records.flatMap((record) =>
    stack.ledger.attempt(record, () => {
      const step = lockStep(record, until, free, stack);
      if (step.command.type === 'acquireLock') free = false;
      return step;
    }),
  );
}

function lockStep(record: LegacyRecord, until: string, free: boolean, stack: Stack): Step {
  const { row } = record;
  const { ledger } = stack;
  const expires = instantOf(cell(row, 'expires_at'));
  if (expires === undefined) ledger.repaired(record, { problem: 'expires_at is no time', done: 'it is history' });
  const left = expires === undefined ? 0 : Date.parse(expires) - Date.parse(until);
  if (!free && left >= 1_000)
    ledger.repaired(record, { problem: 'the stack has a lock already', done: 'it is history' });
  const id = commandId(
    stack.id,
    'locks',
    record.id,
    cellJson(cell(row, 'acquired_at')),
    cellJson(cell(row, 'expires_at')),
  );
  if (left < 1_000 || !free) {
    return { ...noted(stack, record, timeOf(record, 'acquired_at', stack), 'lock', rowJson(row)), id };
  }
  if (left > WEEK)
    ledger.repaired(record, { problem: `it runs until ${expires}`, done: 'it runs for 7 days from now' });
  const holder = ledger.take(record, nameOf(cell(row, 'holder'), 'holder', UNKNOWN));
  const name = ledger.take(record, nameOf(cell(row, 'name'), 'name', 'unknown', 200));
  return {
    id,
    at: until,
    order: ORDER.lock,
    actor: UNKNOWN,
    record,
    command: {
      type: 'acquireLock',
      stack: stack.id,
      id,
      operation: `old lock ${name}`,
      who: holder,
      ttlMs: Math.min(left, WEEK),
    },
  };
}

/** A workflow that says who holds it, but not until when. */
export function lockedByStep(record: LegacyRecord, stack: Stack, at: string): Step[] {
  const holder = cell(record.row, 'locked_by');
  if (holder === null || holder === '') return [];
  const value = stack.ledger.take(record, asWritten(holder, 'locked_by'));
  const problem = `locked_by says ${stringifyJson(value)}, but not until when`;
  stack.ledger.repaired(record, { problem, done: 'it is history' });
  return [{ ...noted(stack, record, at, 'locked', value), id: commandId(stack.id, 'locked_by', value) }];
}
