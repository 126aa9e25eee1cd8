/** In what people write documents. */
export type DocumentFormat = 'json' | 'yaml';

/** JSON where the name ends in `.json`, else YAML 1.2 (of which JSON is a part). */
export const formatOf = (name: string): DocumentFormat => (name.endsWith('.json') ? 'json' : 'yaml');
