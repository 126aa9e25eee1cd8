export { type StateText, stateText } from './changed.js';
export { toTerraformState } from './export.js';
export { checkState, following } from './follow.js';
export { asTerraform, readTerraformDocument, stateOf } from './format.js';
export { incoming } from './import.js';
export { writeAsTerraform } from './text.js';
