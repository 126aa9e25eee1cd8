export { type StateText, stateText } from './changed.js';
export { toTerraformState } from './export.js';
export { following } from './follow.js';
export { asTerraform } from './format.js';
export { readTerraformState } from './import.js';
export { importTerraform } from './plan.js';
export { writeAsTerraform } from './text.js';
