/** Objects of JSON bodies and of library callers → the msgpack bytes that the scanner reads. */
import { Packr } from 'msgpackr';
import type { ErrorCode } from '../model/error.ts';
import type { IngestLimits } from '../model/limits.ts';

/** Why an object cannot be packed: its own mistake. */
export interface PackFault {
  readonly code: ErrorCode;
  readonly message: string;
}

export class ItemPacker {
  readonly #limits: IngestLimits;
  readonly #packr = new Packr({ useRecords: false, variableMapSize: true });

  constructor(limits: IngestLimits) {
    this.#limits = limits;
  }

  /** `context`: of the batch, under the item's own. The bytes are the caller's to keep. */
  pack(value: unknown, context: unknown): Uint8Array | PackFault {
    if (!isObject(value)) return { code: 'invalid_item', message: 'an event must be an object' };
    try {
      return this.#packr.pack(isObject(context) ? withContext(value, context) : value);
    } catch (error) {
      if (error instanceof RangeError && error.message.includes('call stack')) {
        return { code: 'too_deep', message: `objects are nested deeper than ${this.#limits.depth}` };
      }
      const message = `the event holds a value that cannot be stored: ${(error as Error).message}`;
      return { code: 'invalid_value', message };
    }
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The item with the batch's context under its own. Spread keeps a `__proto__` key as the data that it is. */
function withContext(item: Record<string, unknown>, context: Record<string, unknown>): Record<string, unknown> {
  const own = item['context'];
  return { ...item, context: isObject(own) ? { ...context, ...own } : context };
}
