/**
 * Instances that are functions, for classes which transformers calls by their instances: `thing(x)` is `thing.call(x)`.
 * A subclass says what a call takes by the type it extends: `extends (Callable as CallableClass<(x: X) => Y>)`.
 */
export abstract class Callable {
  constructor() {
    const self = (...args: unknown[]) =>
      (self as unknown as { call(...args: unknown[]): unknown }).call(...args)
    // A function's own two; they would hide the class's.
    Reflect.deleteProperty(self, 'length')
    Reflect.deleteProperty(self, 'name')
    // biome-ignore lint/correctness/noConstructorReturn: subclasses are to build upon the function.
    return Object.setPrototypeOf(self, new.target.prototype) as this
  }
}

/** What a subclass's instances are: a call, and properties that the subclass assigns. */
export type CallableClass<
  Call extends (...args: never[]) => unknown,
  Properties = unknown,
> = abstract new () => Callable & Call & Properties
