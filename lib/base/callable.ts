/**
 * Makes instances callable, as in transformers: `thing(x)` is `thing.call(x)`.
 * A subclass declares the signature of a call in the type it extends: `extends (Callable as CallableClass<(x: X) => Y>)`.
 */
export abstract class Callable {
  constructor() {
    const self = (...args: unknown[]) =>
      (self as unknown as { call(...args: unknown[]): unknown }).call(...args)
    // A function's own properties would hide the class's.
    Reflect.deleteProperty(self, 'length')
    Reflect.deleteProperty(self, 'name')
    // biome-ignore lint/correctness/noConstructorReturn: subclasses add their properties to the function.
    return Object.setPrototypeOf(self, new.target.prototype) as this
  }
}

/** The type of a subclass's instances: a call signature, and the properties that the subclass assigns. */
export type CallableClass<
  Call extends (...args: never[]) => unknown,
  Properties = unknown,
> = abstract new () => Callable & Call & Properties
