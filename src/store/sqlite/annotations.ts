/**
 * The few events that are no state, among millions: they have an index of their own. Equality by equality, for a list of
 * more than two SQLite lays out as a table, anew for each event that is written. A query must say it in the same words, or
 * SQLite does not use the index.
 */
export const IS_SIGNAL = `(${[
  'TagAdded',
  'TagRemoved',
  'LockAcquired',
  'LockRenewed',
  'LockReleased',
  'LockExpired',
  'LockBroken',
  'DriftDetected',
  'DriftCleared',
  'DriftResolved',
  'DriftIgnored',
  'DriftRuleAdded',
  'DriftRuleRemoved',
  'StackDeleted',
  'StackRestored',
]
  .map((type) => `type = '${type}'`)
  .join(' OR ')})`;
