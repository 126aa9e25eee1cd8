/** The formats of documents that people write. */
export type DocumentFormat = 'json' | 'yaml';

/** JSON if the name ends in `.json`, else YAML 1.2 (a superset of JSON). */
export const formatOf = (name: string): DocumentFormat => (name.endsWith('.json') ? 'json' : 'yaml');
