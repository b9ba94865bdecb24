/** True for `./folder`, `../folder` and absolute paths; a name such as Xenova/gte-small is none. */
export function isModelFolder(model: string): boolean {
  return /^(\.{0,2}[/\\]|[A-Za-z]:[/\\])/.test(model);
}
