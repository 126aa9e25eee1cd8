import * as z from 'zod';
import type { NewEvent, StackDocument } from '../events/index.js';
import { NotFoundError } from '../lib/errors.js';
import { equalJson, type Json } from '../lib/json.js';
import { prose } from '../lib/text.js';
import type { Difference } from '../store/facts.js';
import type { StackHead } from '../store/records.js';
import { defineCommand, stackRef } from './command.js';
import { removed, sameValue } from './resource-input.js';
import { checkNameFree, updatedStack } from './stack-document.js';

export const takeSnapshot = defineCommand({
  schema: z.strictObject({
    type: z.literal('takeSnapshot'),
    stack: stackRef,
    description: prose().default(''),
  }),
  kind: 'snapshot',
  target: 'live',
  lock: 'free',
  facts: ({ stack }) => ({ stack }),
  decide: ({ description }, { stack }) => [
    { type: 'SnapshotTaken', data: { version: (stack as StackHead).stateVersion, description } },
  ],
});

/**
 * Restores the stack's state at a version, by a new commit that undoes the difference: resources, outputs, dependencies and
 * the stack's own fields. Not covered, because they are not state: its name and status, executions, locks, tags, drift
 * findings and snapshots. An imported state's lineage, serial and header stay the latest, so that the other tool accepts the
 * next export.
 */
export const rollback = defineCommand({
  schema: z.strictObject({ type: z.literal('rollback'), stack: stackRef, toVersion: z.int().positive() }),
  kind: 'rollback',
  target: 'live or deleted',
  lock: 'held',
  facts: ({ stack, toVersion }) => ({ stack, deleted: true, ownName: true, document: true, changedSince: toVersion }),
  decide: ({ toVersion }, facts) => {
    const stack = facts.stack as StackHead;
    if (toVersion > stack.stateVersion) throw noSuchVersion(stack, toVersion);
    const undo = undone(facts.difference as Difference, stack.stateVersion + 1);
    const restored: NewEvent[] = [];
    if (stack.deletedAt !== null) {
      checkNameFree(stack.name, facts, stack.id);
      restored.push({ type: 'StackRestored', data: { name: stack.name } });
    }
    if (undo.length + restored.length === 0) return [];
    return [...restored, { type: 'StackRolledBack', data: { fromVersion: stack.stateVersion, toVersion } }, ...undo];
  },
});

const noSuchVersion = (stack: StackHead, version: number): NotFoundError =>
  new NotFoundError(
    'VERSION_NOT_FOUND',
    `stack "${stack.name}" has no version ${version}, the latest is ${stack.stateVersion}`,
    {
      hint: `List its versions with: sloth-runner stack state versions ${stack.name}`,
      details: { stack: stack.name, version, latest: stack.stateVersion },
    },
  );

/**
 * Removals come first, so that an id that moved to another resource is free again before it is restored. A resource whose id
 * changed is therefore removed and created, not updated. An id that a resource of another stack uses now stays there: nobody
 * can prevent a rollback by using an id of another stack's past (docs/adr/0009).
 */
function undone({ document, resources, outputs, dependencies }: Difference, version: number): NewEvent[] {
  const removals: NewEvent[] = [];
  const settings: NewEvent[] = [];
  const leaving = new Set(
    resources
      .filter(({ now, before }) => now && (!before || now.id !== before.id))
      .map(({ stored }) => stored.resource),
  );
  for (const { stored, now, before, idHolder } of resources) {
    const isFree = idHolder === undefined || idHolder === stored.resource || leaving.has(idHolder);
    const id = (isFree && before?.id) || null;
    const moved = now && before && now.id !== id;
    if (now && (!before || moved)) removals.push(removed(now));
    if (!before?.value || (now?.value && !moved && sameValue(now.value, before.value))) continue;
    const data = {
      resource: stored.resource,
      ...(id === null ? {} : { id }),
      module: stored.module,
      type: stored.type,
      name: stored.name,
      ...before.value,
    };
    settings.push(now && !moved ? { type: 'ResourceUpdated', data } : { type: 'ResourceCreated', data });
  }
  for (const { address, target, now, before } of dependencies) {
    if (now && !before) settings.push({ type: 'DependencyRemoved', data: { address, target } });
    if (before && (now?.type !== before.type || now.path !== before.path)) {
      settings.push({
        type: 'DependencyAdded',
        data: { address, target, dependencyType: before.type, path: before.path },
      });
    }
  }
  for (const { name, now, before } of outputs) {
    if (now && !before) settings.push({ type: 'OutputRemoved', data: { name } });
    if (
      before &&
      !(
        now &&
        now.sensitive === before.sensitive &&
        equalJson(now.value, before.value) &&
        equalJson(now.metadata, before.metadata)
      )
    ) {
      const { value, sensitive, metadata } = before;
      settings.push({ type: 'OutputSet', data: { name, value, sensitive, metadata: metadata as Json } });
    }
  }
  const { description, version: label, workflowFile, configuration, metadata } = document.before as StackDocument;
  const fields = { description, version: label, workflowFile, configuration, metadata };
  return [...removals, ...settings, ...updatedStack(document.now as StackDocument, fields, version)];
}
