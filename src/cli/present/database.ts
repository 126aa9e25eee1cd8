import type { LogHead } from '../../index.js';

export const headText = ({ position, hash }: LogHead): string =>
  position === 0 ? 'empty log' : `position ${position}, hash ${hash}`;

/** `12.5 MiB`, in the largest unit with a value of at least one. */
export function sizeText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const unit = bytes === 0 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
  return `${(bytes / 1024 ** unit).toFixed(unit === 0 ? 0 : 1)} ${units[unit]}`;
}
