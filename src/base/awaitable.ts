/** Values that are there at once or later: who can use the first kind without a pause looks before it waits. */

export type Awaitable<T> = T | Promise<T>;

/** Each member of `T` may answer later: methods by a promise of what they give, values as a promise of themselves. */
export type Deferrable<T> = {
  readonly [Name in keyof T]: T[Name] extends (...values: infer Values) => infer Given
    ? (...values: Values) => Awaitable<Awaited<Given>>
    : Awaitable<T[Name]>;
};

/** Costs a look at the prototype chain and no allocation, so that hot paths can afford it. */
export function isPromise<T>(value: Awaitable<T>): value is Promise<T> {
  return value instanceof Promise;
}
