/** What a captured formula costs an element, roughly: enough to cut scans into quanta of like length. */
import type { Program } from './program.ts';

const TEST_NS = 1;
/** A list of numbers is a set; what compares or hashes is dearer still. */
const LIST_NS = 15;
const OTHER_NS = 50;

export function programCostNs(program: Program): number {
  switch (program.kind) {
    case 'constant':
      return 0;
    case 'codes':
      return TEST_NS;
    case 'numbers':
      return program.selection.kind === 'list' ? LIST_NS : TEST_NS;
    case 'not':
      return programCostNs(program.of);
    case 'and':
    case 'or':
      return program.of.reduce((sum, part) => sum + programCostNs(part), 0);
    default:
      return OTHER_NS;
  }
}
