/**
 * Lets the calling thread step back behind others. Scans can wait a millisecond; a lookup on the shard's thread should not, also where
 * there are fewer processors than threads. On Linux a thread has a priority of its own; elsewhere nothing is changed.
 */
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';

/** As `nice`: a tenth of the processor time of a thread at 0 that wants it too. */
const BACKGROUND_NICE = 10;

export function stepBack(): void {
  try {
    // "<process>/task/<thread>"
    const threadId = Number(readlinkSync('/proc/thread-self').split('/')[2]);
    if (threadId > 0) setPriority(threadId, BACKGROUND_NICE);
  } catch {
    // Not Linux, or not allowed: threads stay equal.
  }
}
