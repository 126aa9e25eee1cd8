import { assertJson, equalJson, type Json, stringifyJson } from '../lib/json.js';
import { byBytes } from '../lib/order.js';
import { asWritten, cellJson, nameOf, rowJson } from './cells.js';
import { freeName } from './names.js';
import { type Row, UNKNOWN } from './row.js';
import { commandId, ORDER, type Step, stepOf } from './steps.js';

/** The stack whose annotations are read. */
export interface Stack {
  readonly id: string;
  /** The time of rows without one. */
  readonly start: string;
  /** The reference here of a legacy resource, by its legacy id, and its type if a row states it. */
  resource(id: string): { readonly ref: string; readonly type: string | undefined };
}

const annotation = (stack: string, row: Row, at: string, command: Step['command'], more?: Partial<Step>): Step =>
  stepOf(stack, row, at, ORDER.annotation, command, more);

/** An entry in the history. @throws InvalidInputError for details beyond the limits of a document */
export function noted(stack: string, row: Row, at: string, action: string, details: Json, more?: Partial<Step>): Step {
  assertJson(details, 'details');
  return annotation(stack, row, at, { type: 'recordActivity', stack, action, details }, more);
}

export function tagSteps(rows: readonly Row[], { id, start }: Stack): Step[] {
  const tags = new Set<string>();
  return rows.map((row) => {
    const tag = freeName(tags, row, 'tag', 128);
    tags.add(tag);
    return annotation(id, row, row.timeOr(start, 'created_at'), { type: 'addTags', stack: id, tags: [tag] });
  });
}

export function activityStep(row: Row, { id, start }: Stack): Step {
  const action = row.name('action');
  const stated = row.cell('details');
  const isNumber = typeof stated === 'bigint' || typeof stated === 'number';
  const details = row.take(asWritten(isNumber ? String(stated) : stated, 'details'));
  return noted(id, row, row.timeOr(start, 'created_at'), action, details, { actor: row.actor() });
}

/** The findings of one stack, ordered by time. */
export function driftSteps(rows: readonly Row[], stack: Stack): Step[] {
  const { id } = stack;
  const open = new Map<string, { readonly expected: Json; readonly actual: Json }>();
  const step = (row: Row, at: string): Step => {
    const name = row.name('resource_id', 'unknown', 2048);
    const expected = row.json('expected');
    const actual = row.json('actual');
    const { ref, type } = stack.resource(nameOf(name, 'resource_id', 'unknown', 128).value);
    // The type in the finding, if no other row states it.
    const stated = String(row.cell('resource_type') ?? '');
    const more =
      stated === '' || stated === type ? {} : { reason: `resource type: ${row.prose('resource_type', 60_000)}` };
    const found = (now: Json): Step =>
      annotation(
        id,
        row,
        at,
        { type: 'detectDrift', stack: id, findings: [{ resource: ref, expected, actual: now }] },
        more,
      );
    const isDrifted = /^(1|t|true)$/i.test(String(row.cell('drifted')));
    const last = open.get(ref);
    const isAgain = last && equalJson(last.expected, expected) && equalJson(last.actual, actual);
    if (isDrifted && !equalJson(expected, actual) && !isAgain) {
      open.set(ref, { expected, actual });
      return found(actual);
    }
    if (isDrifted || !last) return noted(id, row, at, 'drift', rowJson(row.row));
    open.delete(ref);
    return found(expected);
  };
  return rows
    .map((row) => ({ row, at: row.timeOr(stack.start, 'detected_at') }))
    .sort((a, b) => byBytes(a.at, b.at))
    .flatMap(({ row, at }) => row.attempt(() => step(row, at)));
}

const WEEK = 7 * 86_400_000;

/**
 * A lock that is still valid when the migration starts is taken over; an expired one becomes history.
 * @param until the start of the migration, ISO-8601 UTC
 */
export function lockSteps(rows: readonly Row[], until: string, stack: Stack): Step[] {
  let isFree = true;
  return rows.flatMap((row) =>
    row.attempt(() => {
      const step = lockStep(row, until, isFree, stack);
      if (step.command.type === 'acquireLock') isFree = false;
      return step;
    }),
  );
}

function lockStep(row: Row, until: string, isFree: boolean, { id: stack, start }: Stack): Step {
  const expires = row.time('expires_at');
  if (expires === undefined) row.repaired('expires_at is no time', 'it is history');
  const left = expires === undefined ? 0 : Date.parse(expires) - Date.parse(until);
  const runs = left >= 1_000;
  if (!isFree && runs) row.repaired('the stack has a lock already', 'it is history');
  const times = ['acquired_at', 'expires_at'].map((column) => cellJson(row.cell(column)));
  const id = commandId(stack, 'locks', row.id, ...times);
  if (!runs || !isFree) {
    return noted(stack, row, row.timeOr(start, 'acquired_at'), 'lock', rowJson(row.row), { id });
  }
  if (left > WEEK) row.repaired(`it runs until ${expires}`, 'it runs for 7 days from now');
  const who = row.name('holder', UNKNOWN);
  const operation = `old lock ${row.name('name', 'unknown', 200)}`;
  const ttlMs = Math.min(left, WEEK);
  return stepOf(stack, row, until, ORDER.lock, { type: 'acquireLock', stack, id, operation, who, ttlMs }, { id });
}

/** For a workflow that names the holder of a lock, but no expiry. */
export function lockedByStep(row: Row, { id }: Stack, at: string): Step[] {
  if (row.isEmpty('locked_by')) return [];
  const value = row.written('locked_by');
  row.repaired(`locked_by says ${stringifyJson(value)}, but not until when`, 'it is history');
  return [noted(id, row, at, 'locked', value, { id: commandId(id, 'locked_by', value) })];
}
