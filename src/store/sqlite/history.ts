/**
 * The position of the event that holds the value of a resource `r` at a version; NULL if it did not exist then.
 * @param version an SQL expression
 */
export const valueAt = (version: string): string => `(
  SELECT iif(present = 1, position, NULL) FROM resource_history
  WHERE resource = r.resource AND version <= ${version} ORDER BY version DESC LIMIT 1)`;
