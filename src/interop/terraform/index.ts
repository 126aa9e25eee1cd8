export { toTerraformState } from './export.js';
export { readTerraformState } from './import.js';
export { importTerraform } from './plan.js';
