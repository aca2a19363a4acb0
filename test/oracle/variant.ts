/** Ways to answer a question that must make no difference: passes of the optimizer left out, all of them or some. */
import { PASS_NAMES, type PassName } from '../../src/model/optimizer.ts';
import type { AskOptions } from './engine-ask.ts';

export const PLAIN: AskOptions = {};

/** All passes off, and a choice of them that is the question's own, so that a failure comes again. */
export function variantsOf(question: unknown): readonly AskOptions[] {
  return [{ optimizer: { off: PASS_NAMES } }, { optimizer: { off: someOf(JSON.stringify(question)) } }];
}

function someOf(text: string): readonly PassName[] {
  let bits = 7;
  for (let i = 0; i < text.length; i++) bits = (Math.imul(bits, 31) + text.charCodeAt(i)) >>> 0;
  return PASS_NAMES.filter((_, i) => ((bits >>> (i + 3)) & 1) === 1);
}
