export { toPulumiState } from './export.js';
export { parsePulumi } from './format.js';
export { importPulumi } from './import.js';
