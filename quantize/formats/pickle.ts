import { ClvpError, describe } from '../../lib/base/errors.js'
import { Dict, List, PickleError, type PickleHost, type PickleValue } from './pickle_values.js'

/**
 * Reads a pickle as data. A pickle is a program for a small stack machine that can call any Python function. This reader
 * knows only the opcodes that torch.save writes (protocol 2), and passes their calls to a {@link PickleHost}, which accepts
 * a few names and rejects all others. Nothing is imported, loaded or run.
 */

/** 8192 tensors need about 2 MiB. */
export const MAX_PICKLE_BYTES = 8 * 2 ** 20
/** Python writes a dictionary in batches of 1000 pairs. */
const MAX_STACK = 2 ** 14
const MAX_MARKS = 64
/** Limit for strings, tuples, lists with their items, dictionaries and the host's objects: 8192 tensors need about 100,000. */
const MAX_OBJECTS = 2 ** 17
const MAX_MEMO = 2 ** 17
const MAX_GLOBAL_LENGTH = 256

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Opcodes that can run arbitrary code. They are rejected like all unknown opcodes, but named in the message. */
const NAMED: Readonly<Record<number, string>> = {
  105: 'INST',
  111: 'OBJ',
  80: 'PERSID',
  129: 'NEWOBJ',
  146: 'NEWOBJ_EX',
  147: 'STACK_GLOBAL',
  130: 'EXT1',
  131: 'EXT2',
  132: 'EXT4',
}

/** @throws ClvpError `CLVP_MODEL_FORMAT` */
export function readPickle(path: string, bytes: Uint8Array, host: PickleHost): PickleValue {
  try {
    return new Machine(bytes, host).run()
  } catch (error) {
    if (!(error instanceof PickleError)) throw error
    throw new ClvpError(
      'CLVP_MODEL_FORMAT',
      `${path}: its pickle was rejected and not run: ${error.message}. Save it with torch.save(model.state_dict())`,
    )
  }
}

class Machine {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #host: PickleHost
  readonly #stack: PickleValue[] = []
  /** Stack positions of the open marks. */
  readonly #marks: number[] = []
  readonly #memo = new Map<number, PickleValue>()
  #at = 0
  #objects = 0

  constructor(bytes: Uint8Array, host: PickleHost) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#host = host
  }

  run(): PickleValue {
    if (this.#u8() !== 0x80) throw new PickleError('it does not start with a protocol')
    const protocol = this.#u8()
    if (protocol !== 2)
      throw new PickleError(`its protocol is ${protocol}; expected 2, the default of torch.save`)
    for (;;) {
      const opcode = this.#u8()
      if (opcode === 0x2e) return this.#stop()
      const value = this.#value(opcode)
      if (value === undefined) this.#act(opcode)
      else this.#push(value)
      if (this.#stack.length > MAX_STACK)
        throw new PickleError(`more than ${MAX_STACK} values are on its stack`)
    }
  }

  #stop(): PickleValue {
    const result = this.#pop()
    if (this.#stack.length > 0 || this.#marks.length > 0)
      throw new PickleError('it ends with values left over')
    if (this.#at !== this.#bytes.length) throw new PickleError('there are bytes after its end')
    return result
  }

  /** The value of an opcode that pushes one, or undefined for all others. */
  #value(opcode: number): PickleValue | undefined {
    switch (opcode) {
      case 0x4e: // NONE
        return null
      case 0x88: // NEWTRUE
        return true
      case 0x89: // NEWFALSE
        return false
      case 0x4a: // BININT
        return this.#view.getInt32(this.#take(4), true)
      case 0x4b: // BININT1
        return this.#u8()
      case 0x4d: // BININT2
        return this.#view.getUint16(this.#take(2), true)
      case 0x8a: // LONG1
        return this.#long(this.#u8())
      case 0x47: // BINFLOAT
        return this.#view.getFloat64(this.#take(8), false)
      case 0x58: // BINUNICODE
        return this.#text(this.#u32())
      case 0x7d: // EMPTY_DICT
        return new Dict()
      case 0x5d: // EMPTY_LIST
        return new List()
      case 0x29: // EMPTY_TUPLE
        return []
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        return this.#popAll(opcode - 0x84)
      case 0x74: // TUPLE
        return this.#popMarked()
      case 0x63: // GLOBAL
        return this.#host.global(`${this.#line()}.${this.#line()}`)
      case 0x51: // BINPERSID
        return this.#host.persistent(this.#pop())
      case 0x52: // REDUCE
        return this.#reduce()
      default:
        return undefined
    }
  }

  /** Runs the opcodes that push no new value. */
  #act(opcode: number): void {
    switch (opcode) {
      case 0x28: // MARK
        if (this.#marks.push(this.#stack.length) > MAX_MARKS) throw new PickleError('it is nested too deeply')
        break
      case 0x71: // BINPUT
        this.#remember(this.#u8())
        break
      case 0x72: // LONG_BINPUT
        this.#remember(this.#u32())
        break
      case 0x68: // BINGET
        this.#stack.push(this.#recall(this.#u8()))
        break
      case 0x6a: // LONG_BINGET
        this.#stack.push(this.#recall(this.#u32()))
        break
      case 0x73: // SETITEM
        this.#setItems(this.#popAll(2))
        break
      case 0x75: // SETITEMS
        this.#setItems(this.#popMarked())
        break
      case 0x61: // APPEND
        this.#append(this.#popAll(1))
        break
      case 0x65: // APPENDS
        this.#append(this.#popMarked())
        break
      case 0x62: // BUILD
        this.#build()
        break
      default: {
        const code = `0x${opcode.toString(16).padStart(2, '0')}`
        const name = NAMED[opcode] ? `${NAMED[opcode]} (${code})` : code
        throw new PickleError(`the opcode ${name} at byte ${this.#at - 1} is not one that weights need`)
      }
    }
  }

  // --- values ----------------------------------------------------------------------------------------------------

  /** Pushes a new value and counts those that use memory. */
  #push(value: PickleValue): void {
    if (typeof value === 'object' || typeof value === 'string') this.#count(1)
    this.#stack.push(value)
  }

  #count(objects: number): void {
    this.#objects += objects
    if (this.#objects > MAX_OBJECTS) throw new PickleError(`it makes more than ${MAX_OBJECTS} objects`)
  }

  #pop(): PickleValue {
    return this.#popAll(1)[0]!
  }

  /** Pops the last `count` values; none may be below the last mark. */
  #popAll(count: number): PickleValue[] {
    const bottom = this.#marks.at(-1) ?? 0
    if (this.#stack.length - bottom < count) throw new PickleError('it pops values from an empty stack')
    return this.#stack.splice(this.#stack.length - count)
  }

  #popMarked(): PickleValue[] {
    const mark = this.#marks.pop()
    if (mark === undefined) throw new PickleError('it uses a mark that was not set')
    return this.#stack.splice(mark)
  }

  #top(): PickleValue {
    const bottom = this.#marks.at(-1) ?? 0
    if (this.#stack.length <= bottom) throw new PickleError('it uses a value of an empty stack')
    return this.#stack.at(-1)!
  }

  #remember(index: number): void {
    this.#memo.set(index, this.#top())
    if (this.#memo.size > MAX_MEMO) throw new PickleError(`it memoizes more than ${MAX_MEMO} values`)
  }

  #recall(index: number): PickleValue {
    const value = this.#memo.get(index)
    if (value === undefined) throw new PickleError(`it reads the memo ${index}, which it never wrote`)
    return value
  }

  #setItems(items: readonly PickleValue[]): void {
    const dict = this.#top()
    if (!(dict instanceof Dict)) throw new PickleError('it sets items of a value that is not a dictionary')
    if (items.length % 2 !== 0) throw new PickleError('it sets a key without a value')
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i]!
      if (typeof key !== 'string' && typeof key !== 'number')
        throw new PickleError(`a dictionary's key is ${describe(key)}`)
      if (dict.has(key)) throw new PickleError(`the key ${describe(key)} occurs twice`)
      dict.set(key, items[i + 1]!)
    }
  }

  #append(items: readonly PickleValue[]): void {
    const list = this.#top()
    if (!(list instanceof List)) throw new PickleError('it appends to a value that is not a list')
    this.#count(items.length)
    for (const item of items) list.items.push(item)
  }

  #reduce(): PickleValue {
    const [callable, args] = this.#popAll(2)
    return this.#host.reduce(callable!, args!)
  }

  /** An ordered dictionary may have attributes: torch stores module versions there. They are ignored. */
  #build(): void {
    const attributes = this.#pop()
    if (!(this.#top() instanceof Dict) || !(attributes instanceof Dict)) {
      throw new PickleError('BUILD sets the state of a value that is not a dictionary')
    }
  }

  // --- bytes -----------------------------------------------------------------------------------------------------

  /** The position of the next `count` bytes. */
  #take(count: number): number {
    if (count > this.#bytes.length - this.#at) throw new PickleError('it ends too early')
    this.#at += count
    return this.#at - count
  }

  #u8(): number {
    return this.#bytes[this.#take(1)]!
  }

  #u32(): number {
    return this.#view.getUint32(this.#take(4), true)
  }

  /** An integer of `count` bytes in two's complement. */
  #long(count: number): number {
    if (count > 8) throw new PickleError(`a number has ${count} bytes`)
    const start = this.#take(count)
    let value = 0n
    for (let i = count - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.#bytes[start + i]!)
    const number = Number(BigInt.asIntN(8 * count, value))
    if (!Number.isSafeInteger(number)) throw new PickleError(`the number ${number} is too large`)
    return number
  }

  #text(length: number): string {
    const start = this.#take(length)
    try {
      return utf8.decode(this.#bytes.subarray(start, start + length))
    } catch {
      throw new PickleError('a string is not UTF-8')
    }
  }

  /** Text up to the next line feed: part of a global's name. */
  #line(): string {
    const start = this.#at
    const end = this.#bytes.indexOf(0x0a, start)
    if (end === -1) throw new PickleError('it ends too early')
    if (end - start > MAX_GLOBAL_LENGTH) throw new PickleError('the name of a global is too long')
    const line = this.#text(end - start)
    this.#at++
    return line
  }
}
