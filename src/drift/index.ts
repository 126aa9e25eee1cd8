export { type Comparison, compareActual } from './compare.js';
export { namesSource, sourceFrom } from './configured.js';
export { type ExecOptions, execSource } from './exec/source.js';
export { type ActualFileOptions, actualFile } from './file.js';
export { type ProbeAllowance, type ProbeOptions, probe } from './probe/source.js';
export type { ActualStateSource, ExpectedResource, Observation, ObserveContext } from './source.js';
export { type TerraformDirectoryOptions, terraformDirectory } from './terraform/directory.js';
export { terraformPlan } from './terraform/plan-source.js';
