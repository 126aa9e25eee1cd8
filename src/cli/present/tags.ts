export const tagsText = (stack: string, tags: readonly string[]): string =>
  tags.length === 0 ? `${stack} has no tags.` : `${stack} has the tags: ${tags.join(', ')}`;
