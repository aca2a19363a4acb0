/**
 * Where in the text each part of the AST came from. The checks speak in JSON pointers; this turns one back into a span,
 * so that a mistake of meaning in a text is underlined as a mistake of spelling is.
 */
import type { ErrorSpan } from '../../model/error.ts';

export class SourceMap {
  readonly #spans = new Map<object, Map<string, ErrorSpan>>();

  /** `key` narrows the span to one value of the node. */
  mark(node: object, span: ErrorSpan, key = ''): void {
    const spans = this.#spans.get(node);
    if (spans === undefined) this.#spans.set(node, new Map([[key, span]]));
    else spans.set(key, span);
  }

  /** `node` takes over what was marked on `other`, which it was made from. */
  adopt(node: object, other: object, span: ErrorSpan): void {
    this.#spans.set(node, new Map([...(this.#spans.get(other) ?? []), ['', span]]));
  }

  /** The narrowest marked span on the way from `root` along `pointer`. */
  find(root: unknown, pointer: string): ErrorSpan | undefined {
    let node = root;
    let found: ErrorSpan | undefined;
    for (const key of [...pointer.split('/').slice(1), undefined]) {
      if (typeof node !== 'object' || node === null) break;
      const spans = this.#spans.get(node);
      found = spans?.get('') ?? found;
      if (key === undefined) break;
      found = spans?.get(key) ?? found;
      node = (node as Readonly<Record<string, unknown>>)[key];
    }
    return found;
  }
}
