/** Where the next page of ids or profiles begins: opaque to the caller, checked when it comes back. */
import { EngineError } from '../model/error.ts';

export interface CursorPosition {
  readonly shardIndex: number;
  readonly row: number;
}

export function encodeCursor(position: CursorPosition): string {
  return Buffer.from(`1:${position.shardIndex}:${position.row}`, 'latin1').toString('base64url');
}

/** Errors: invalid_cursor. */
export function decodeCursor(cursor: string | undefined, shardCount: number): CursorPosition {
  if (cursor === undefined) return { shardIndex: 0, row: 0 };
  const match = /^1:(\d{1,6}):(\d{1,10})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  const shardIndex = Number(match?.[1]);
  const row = Number(match?.[2]);
  if (match === null || shardIndex >= shardCount || row > 0xffff_ffff) {
    throw new EngineError('invalid_cursor', 'the cursor is not one of ours; start again without it');
  }
  return { shardIndex, row };
}
