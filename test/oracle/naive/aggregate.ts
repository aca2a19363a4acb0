/** The aggregates over the events of one leaf, given what the property path reached in each, oldest event first. */
import type { AggregateFunction } from '../../../src/model/expression.ts';
import type { JsonScalar } from './json-value.ts';
import type { Reach } from './path.ts';

/** The aggregate's value; undefined when it is missing. */
export function aggregate(fn: AggregateFunction, reached: readonly Reach[]): JsonScalar | undefined {
  const values = reached.flatMap((each) => each.scalars.map((scalar) => scalar.value));
  const numbers = values.filter((value) => typeof value === 'number');
  const sum = numbers.reduce((total, number) => total + number, 0);
  switch (fn) {
    case 'sum':
      return sum;
    case 'count_distinct':
      return new Set(values).size;
    case 'avg':
      return numbers.length === 0 ? undefined : sum / numbers.length;
    case 'min':
      return numbers.length === 0 ? undefined : numbers.reduce((least, number) => Math.min(least, number));
    case 'max':
      return numbers.length === 0 ? undefined : numbers.reduce((most, number) => Math.max(most, number));
    case 'first':
      return values[0];
    case 'last':
      return reached.findLast((each) => each.scalars.length > 0)?.scalars[0].value;
  }
}
