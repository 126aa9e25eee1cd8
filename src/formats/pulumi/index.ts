export { toPulumiState } from './export.js';
export { parsePulumi } from './format.js';
export { readDeployment } from './import.js';
