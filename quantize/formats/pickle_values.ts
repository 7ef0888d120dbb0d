/** What the values of a pickle become, and who resolves its references. */

/** A value that the host defines: a global, a storage or a tensor. */
export abstract class HostValue {
  abstract readonly kind: string
}

export type Tuple = readonly PickleValue[]
/** State dicts have strings as keys; an optimizer beside them has numbers. */
export class Dict extends Map<string | number, PickleValue> {}
/** Unlike a tuple it may grow after it was used, so no list is taken for a tensor's sizes. */
export class List {
  readonly items: PickleValue[] = []
}
export type PickleValue = null | boolean | number | string | Tuple | List | Dict | HostValue

/** Resolves a pickle's external references. Each method may throw a {@link PickleError}. */
export interface PickleHost {
  global(name: string): HostValue
  persistent(id: PickleValue): PickleValue
  reduce(callable: PickleValue, args: PickleValue): PickleValue
}

/** Why a pickle is rejected. The caller, which knows the file name, converts it to a ClvpError. */
export class PickleError extends Error {}
