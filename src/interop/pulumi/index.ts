export { toPulumiState } from './export.js';
export { importPulumi } from './import.js';
