/**
 * Processor time of other processes, from Linux' accounting in ticks of 10 ms; NaN elsewhere. The time of a child that has ended and
 * was waited for is added to its parent's `cutime` and `cstime`, which makes it exact for clients that run to their end.
 */
import { readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;
// Field numbers of /proc/PID/stat, counted from 1 as in its manual; the second, the name, may hold blanks.
const UTIME = 14;
const CUTIME = 16;

/** Seconds that a running process has used, all its threads together. */
export function cpuSecondsOf(pid: number): number {
  return secondsAt(`/proc/${pid}/stat`, UTIME);
}

/** Seconds that the children of this process used that have ended. */
export function endedChildrenCpuSeconds(): number {
  return secondsAt('/proc/self/stat', CUTIME);
}

function secondsAt(path: string, field: number): number {
  let text: string;
  try {
    text = readFileSync(path, 'latin1');
  } catch {
    return Number.NaN;
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[field - 3]) + Number(fields[field - 2])) / TICKS_PER_SECOND;
}
